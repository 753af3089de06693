import type { Event } from "@/shared/events/documents";
import { glyphOf } from "./marks";

/** Event by event, four a second; or so many times as fast as it was. */
export type Pace = "events" | 1 | 10 | 60;

export const paces: readonly Pace[] = ["events", 1, 10, 60];

export const STEP_MS = 250;

export interface Turn {
  /** The last event that has come by; null where none has. */
  shown: Event | null;
  /** Those that are still to come, oldest first. */
  ahead: readonly Event[];
  /** Whether playing ends here. */
  stop: boolean;
}

/** One step of playing: what has come by when the clock of the past stands at `clock`. */
export function turn(ahead: readonly Event[], pace: Pace, clock: number, stopAtMarks: boolean): Turn {
  const due =
    pace === "events" ? 1 : ahead.filter(({ recordedAt }) => Date.parse(recordedAt) <= clock).length;
  const come = ahead.slice(0, due);
  const mark = stopAtMarks ? come.findIndex(({ type }) => glyphOf(type) !== null) : -1;
  const taken = mark < 0 ? come.length : mark + 1;
  return { shown: come[taken - 1] ?? null, ahead: ahead.slice(taken), stop: mark >= 0 };
}
