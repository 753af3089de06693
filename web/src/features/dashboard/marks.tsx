import { Activity, ClockAlert, Plug, Users } from "lucide-react";

/** It goes silent and comes back again and again; the title says what follows from it. */
export function Flapping() {
  return (
    <span
      className="inline-flex shrink-0 items-center gap-1 rounded-sm border border-warn px-1 font-normal text-warn text-xs leading-4"
      title="Flapping: it went silent and came back three times within five minutes. It counts as recovered after 30 s without a miss."
    >
      <Activity aria-hidden="true" className="size-3" />
      flapping
    </span>
  );
}

/** Another process runs under its name. */
export function Conflict() {
  return (
    <span
      className="inline-flex shrink-0 items-center gap-1 rounded-sm border border-warn px-1 font-normal text-warn text-xs leading-4"
      title="Name conflict: another process, started earlier, still runs under this name. Give each process a name of its own."
    >
      <Users aria-hidden="true" className="size-3" />
      name conflict
    </span>
  );
}

/** Its clock is off: nothing is decided by it, but the times that it tells are wrong. */
export function ClockOff({ seconds }: { seconds: number }) {
  const off = `${Math.abs(seconds) >= 60 ? `${Math.round(Math.abs(seconds) / 60)} min` : `${Math.abs(seconds).toFixed(1)} s`}`;
  const way = seconds > 0 ? "ahead" : "behind";
  return (
    <span
      className="inline-flex shrink-0 items-center gap-1 rounded-sm border border-warn px-1 font-normal text-warn text-xs leading-4"
      title={`Its clock is ${off} ${way} of that of NATS. Nothing is decided by it; the times that it tells are off by as much.`}
    >
      <ClockAlert aria-hidden="true" className="size-3" />
      clock {off} {way}
    </span>
  );
}

/** It speaks the wire of the Python SDK. */
export function Legacy() {
  return (
    <span
      className="inline-flex shrink-0 items-center gap-1 rounded-sm border border-border px-1 font-normal text-muted-foreground text-xs leading-4"
      title="Legacy: it speaks the wire of the Python SDK, and the control plane keeps its history for it"
    >
      <Plug aria-hidden="true" className="size-3" />
      legacy
    </span>
  );
}
