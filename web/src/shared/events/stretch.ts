import type { Whole } from "@/shared/graphql/exact";
import type { Event } from "./documents";
import { merge } from "./log";

/** So many events are kept at once; what is scrolled away from is read again. */
export const KEPT = 10_000;

/** A part of the log without a gap, oldest first. */
export interface Stretch {
  events: readonly Event[];
  /** The cursor of what is older; null where the stretch reaches the beginning. */
  older: string | null;
  /** The cursor of what is newer; null where the stretch reaches the newest event, and follows. */
  newer: string | null;
}

/** The cursor that begins beside an event. */
const beside = (event: Event | undefined): string | null => (event ? String(event.sequence) : null);

/** With older events before it; of more than are kept, the newest go. */
export function withOlder(stretch: Stretch, events: readonly Event[], older: string | null): Stretch {
  const all = merge(events, stretch.events);
  if (all.length <= KEPT) return { ...stretch, events: all, older };
  const kept = all.slice(0, KEPT);
  return { events: kept, older, newer: beside(kept.at(-1)) };
}

/** With newer events after it; of more than are kept, the oldest go. */
export function withNewer(stretch: Stretch, events: readonly Event[], newer: string | null): Stretch {
  const all = merge(stretch.events, events);
  if (all.length <= KEPT) return { ...stretch, events: all, newer };
  const kept = all.slice(-KEPT);
  return { events: kept, older: beside(kept[0]), newer };
}

/** With what arrived live. Whoever reads further down keeps their place, then the stretch ceases to follow. */
export function withLive(stretch: Stretch, events: readonly Event[], held: boolean): Stretch {
  if (!held) return withNewer(stretch, events, null);
  return withOlder({ ...stretch, events: merge(stretch.events, events) }, [], stretch.older);
}

/** As it is, no longer followed: there is more than it knows of. */
export function unfollowed(stretch: Stretch): Stretch {
  return { ...stretch, newer: beside(stretch.events.at(-1)) };
}

/** Whether events are missing between what was known up to `through` and a full tail that begins later. */
export function hasGap(tail: readonly Event[], capacity: number, through: Whole): boolean {
  const oldest = tail[0];
  return tail.length >= capacity && oldest !== undefined && oldest.sequence > through;
}
