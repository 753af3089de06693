import { Activity, Plug, Users } from "lucide-react";

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
