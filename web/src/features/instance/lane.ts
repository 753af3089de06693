import { shortType } from "@/shared/events/kinds";
import { z } from "@/shared/lib/zod";
import type { InstanceStatus } from "@/shared/status/status";
import type { Window } from "@/shared/time/range";
import type { RecordedEvent } from "./documents";

/** A stretch of one state. `none` is the time of which nothing is recorded. */
export interface Stretch {
  from: number;
  to: number;
  status: InstanceStatus | "none";
  /** The event that began it. */
  sequence: number | bigint | null;
}

export interface Lane {
  stretches: readonly Stretch[];
  /** The share of the recorded time in which it ran, in percent; null where nothing is recorded. */
  upPercent: number | null;
  starts: number;
  /** How often it went from running to silent and back. */
  flaps: number;
}

const change = z.object({ to: z.nullish(z.string()) });
const known: readonly string[] = ["INIT", "STARTING", "RUNNING", "DRAINING", "STOPPING", "STOPPED", "FAILED"];

/** The state that an event leaves its instance in; null when it says nothing of it. */
function statusAfter(event: RecordedEvent): InstanceStatus | null {
  switch (shortType(event.type)) {
    case "registered":
      return "INIT";
    case "status_changed": {
      const parsed = change.safeParse(event.data);
      const to = parsed.success ? (parsed.data.to ?? "") : "";
      return known.includes(to) ? (to as InstanceStatus) : "UNKNOWN";
    }
    case "unhealthy":
      return "UNHEALTHY";
    case "recovered":
      return "RUNNING";
    case "deregistered":
      return "STOPPED";
    case "expired":
      return "EXPIRED";
    default:
      return null;
  }
}

/** Events of one instance, oldest first, as stretches of state. */
export function laneOf(events: readonly RecordedEvent[], span: Window): Lane {
  const stretches: Stretch[] = [];
  let at = span.from;
  let status: Stretch["status"] = "none";
  let sequence: Stretch["sequence"] = null;
  let starts = 0;
  let flaps = 0;
  const close = (to: number): void => {
    const last = stretches.at(-1);
    if (to <= at) return;
    if (last && last.status === status) last.to = to;
    else stretches.push({ from: at, to, status, sequence });
    at = to;
  };
  for (const event of events) {
    const next = statusAfter(event);
    if (next === null) continue;
    const moment = Math.min(span.to, Math.max(span.from, Date.parse(event.time)));
    close(moment);
    if (shortType(event.type) === "registered") starts += 1;
    if (next === "RUNNING" && status === "UNHEALTHY") flaps += 1;
    status = next;
    sequence = event.sequence;
  }
  close(span.to);
  const length = (wanted: (status: Stretch["status"]) => boolean): number =>
    stretches.filter((each) => wanted(each.status)).reduce((sum, { from, to }) => sum + to - from, 0);
  const recorded = length((each) => each !== "none");
  const up = length((each) => each === "RUNNING" || each === "DRAINING");
  return { stretches, upPercent: recorded === 0 ? null : (100 * up) / recorded, starts, flaps };
}
