import { highest, order, type Whole } from "@/shared/graphql/exact";
import type { Event } from "./documents";

/**
 * Two runs of events, each in order of sequence, as one; what both have stands once. The sequence is the
 * identity: after a reconnect the server may send again what is already here.
 */
export function merge(a: readonly Event[], b: readonly Event[]): readonly Event[] {
  const first = b[0];
  const last = a.at(-1);
  if (!first) return a;
  if (!last) return b;
  if (first.sequence > last.sequence) return [...a, ...b];
  const bySequence = new Map<Whole, Event>();
  for (const event of a) bySequence.set(event.sequence, event);
  for (const event of b) bySequence.set(event.sequence, event);
  const merged = [...bySequence.values()].sort((x, y) => order(x.sequence, y.sequence));
  return merged.length === a.length ? a : merged;
}

export interface Tail {
  events: readonly Event[];
  /** Highest sequence known to be complete: the cursor for the next subscription. */
  cursor: Whole | null;
}

export const emptyTail: Tail = { events: [], cursor: null };

/** The tail with newly arrived events, the oldest dropped beyond `capacity`. */
export function extend(tail: Tail, events: readonly Event[], asOf: Whole, capacity: number): Tail {
  const sorted = [...events].sort((x, y) => order(x.sequence, y.sequence));
  const merged = merge(tail.events, sorted);
  return {
    events: merged.length > capacity ? merged.slice(-capacity) : merged,
    cursor: highest(highest(tail.cursor ?? 0, asOf), sorted.at(-1)?.sequence ?? 0),
  };
}

/** The id of the event at the cursor, if it is known: it tells one history of the log from another. */
export function idAtCursor({ events, cursor }: Tail): string | null {
  const last = events.at(-1);
  return last !== undefined && last.sequence === cursor ? last.id : null;
}
