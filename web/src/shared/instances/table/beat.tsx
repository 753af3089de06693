import { hasEnded, type InstanceStatus } from "@/shared/status/status";
import { formatShortAge } from "@/shared/time/duration";
import type { InstanceRowOf } from "../documents";

/** A beat that is not later than that is no news. */
const ON_TIME_MS = 2_500;

/** How long an instance is silent, in whole seconds; null while its beats come. */
export function silentFor({ lastBeatAt }: InstanceRowOf, now: number): number | null {
  if (lastBeatAt === null) return null;
  const silent = now - Date.parse(lastBeatAt);
  return silent < ON_TIME_MS ? null : Math.floor(silent / 1_000) * 1_000;
}

interface Props {
  status: InstanceStatus;
  /** Null when there never was one; undefined while they come. */
  lastBeatAt: string | null | undefined;
  silentMs: number | null;
}

/** Nothing while the beats come; how long it is silent when they do not. */
export function Beat({ status, lastBeatAt, silentMs }: Props) {
  if (lastBeatAt === null) return <span className="text-muted-foreground">—</span>;
  if (lastBeatAt === undefined || silentMs === null) return null;
  return (
    <span
      className={hasEnded(status) ? "text-muted-foreground" : "font-medium text-warn"}
      title={`Last heartbeat ${lastBeatAt}`}
    >
      {formatShortAge(silentMs)}
    </span>
  );
}
