import { useCallback, useMemo, useState } from "react";
import type { Event } from "@/shared/events/documents";
import type { Whole } from "@/shared/graphql/exact";

export interface Hold {
  shown: readonly Event[];
  /** How many events wait behind the pause. */
  waiting: number;
  held: boolean;
  hold: () => void;
  release: () => void;
}

/** Stops the list at a sequence; what arrives after it is counted and shown when released. Oldest first. */
export function useHold(events: readonly Event[]): Hold {
  const [at, setAt] = useState<Whole | null>(null);
  const newest = events.at(-1)?.sequence ?? 0;
  const hold = useCallback(() => setAt((now) => now ?? newest), [newest]);
  const release = useCallback(() => setAt(null), []);
  const shown = useMemo(() => (at === null ? events : events.filter((e) => e.sequence <= at)), [events, at]);
  return { shown, waiting: events.length - shown.length, held: at !== null, hold, release };
}
