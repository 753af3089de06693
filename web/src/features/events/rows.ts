import type { Event } from "@/shared/events/documents";
import { foldRuns } from "@/shared/events/fold";
import { formatDay, type Zone } from "@/shared/time/format";
import { type FailoverRun, stretchesOf } from "./failover-run";

/** One line of the list; `open` shows each event of it below. */
export type Row =
  | { kind: "day"; key: string; day: string }
  /** Many of one type and service in a row. */
  | { kind: "run"; key: string; event: Event; count: number; names: readonly string[]; open: boolean }
  /** Groups that left one owner. */
  | { kind: "failover"; key: string; event: Event; run: FailoverRun; open: boolean }
  | { kind: "event"; key: string; event: Event; inRun: boolean };

/** Newest first: events, failovers and runs folded unless they are opened, and a line where a day begins. */
export function rowsOf(events: readonly Event[], opened: ReadonlySet<string>, zone: Zone): Row[] {
  const rows: Row[] = [];
  let day = "";
  let minute = "";
  const begin = (event: Event): void => {
    // No day begins within a minute, wherever one is.
    if (event.time.startsWith(minute) && minute !== "") return;
    minute = event.time.slice(0, "2026-11-29T12:34".length);
    const of = formatDay(event.time, zone);
    if (of === day) return;
    day = of;
    rows.push({ kind: "day", key: `day ${of} ${event.sequence}`, day: of });
  };
  const one = (event: Event, inRun: boolean): void => {
    begin(event);
    rows.push({ kind: "event", key: String(event.sequence), event, inRun });
  };
  const members = (run: readonly Event[]): void => {
    for (const each of run) one(each, true);
  };
  for (const stretch of stretchesOf(events).reverse()) {
    if ("failover" in stretch) {
      const run = stretch.failover;
      const newest = run.events.at(-1) as Event;
      // The oldest of what is folded stays the same while it grows.
      const key = `failover ${run.events[0]?.sequence}`;
      const open = opened.has(key);
      begin(newest);
      rows.push({ kind: "failover", key, event: newest, run, open });
      if (open) members([...run.events].reverse());
      continue;
    }
    for (const { event, count, names, run } of foldRuns(stretch.events)) {
      if (count === 1) {
        one(event, false);
        continue;
      }
      const key = `run ${run.at(-1)?.sequence}`;
      const open = opened.has(key);
      begin(event);
      rows.push({ kind: "run", key, event, count, names, open });
      if (open) members(run);
    }
  }
  return rows;
}
