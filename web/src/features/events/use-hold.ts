import { type RefObject, useCallback, useEffect, useMemo, useState } from "react";
import type { Event } from "@/shared/events/documents";
import { order, type Whole } from "@/shared/graphql/exact";
import { usePaused } from "@/shared/live/pause";

export interface Hold {
  shown: readonly Event[];
  /** How many events wait. */
  waiting: number;
  hold: () => void;
  release: () => void;
}

/** Stops the list at a sequence, also while the whole page is paused; what arrives after it is counted, and `held` tells it. Oldest first. */
export function useHold(events: readonly Event[], held: RefObject<boolean>): Hold {
  const [at, setAt] = useState<Whole | null>(null);
  const [pausedAt, setPausedAt] = useState<Whole | null>(null);
  const paused = usePaused();
  const newest = events.at(-1)?.sequence ?? 0;
  if (paused && pausedAt === null) setPausedAt(newest);
  if (!paused && pausedAt !== null) setPausedAt(null);
  const until = earlier(at, pausedAt);
  useEffect(() => {
    held.current = until !== null;
  }, [held, until]);
  const hold = useCallback(() => setAt((now) => now ?? newest), [newest]);
  const release = useCallback(() => setAt(null), []);
  const shown = useMemo(
    () => (until === null ? events : events.filter((each) => each.sequence <= until)),
    [events, until],
  );
  return { shown, waiting: events.length - shown.length, hold, release };
}

function earlier(a: Whole | null, b: Whole | null): Whole | null {
  if (a === null || b === null) return a ?? b;
  return order(a, b) < 0 ? a : b;
}
