import type { Event } from "@/shared/events/documents";
import { foldRuns } from "@/shared/events/fold";
import { formatDay, type Zone } from "@/shared/time/format";

/** One line of the list. */
export type Row =
  | { kind: "day"; key: string; day: string }
  /** Many of one type and service in a row; `open` shows each of them below. */
  | { kind: "run"; key: string; event: Event; count: number; names: readonly string[]; open: boolean }
  | { kind: "event"; key: string; event: Event; inRun: boolean };

/** Newest first: events, runs of them folded unless they are opened, and a line where a day begins. */
export function rowsOf(events: readonly Event[], opened: ReadonlySet<string>, zone: Zone): Row[] {
  const rows: Row[] = [];
  let day = "";
  const begin = (event: Event): void => {
    const of = formatDay(event.time, zone);
    if (of === day) return;
    day = of;
    rows.push({ kind: "day", key: `day ${of} ${event.sequence}`, day: of });
  };
  for (const { event, count, names, run } of foldRuns(events)) {
    begin(event);
    if (count === 1) {
      rows.push({ kind: "event", key: String(event.sequence), event, inRun: false });
      continue;
    }
    // The oldest of a run stays the same while it grows.
    const key = `run ${run.at(-1)?.sequence}`;
    const open = opened.has(key);
    rows.push({ kind: "run", key, event, count, names, open });
    if (!open) continue;
    for (const each of run) {
      begin(each);
      rows.push({ kind: "event", key: String(each.sequence), event: each, inRun: true });
    }
  }
  return rows;
}
