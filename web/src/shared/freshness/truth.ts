import { useMemo } from "react";
import { useConnection } from "@/shared/connection/store";
import { usePause } from "@/shared/live/pause";
import { useReplay } from "@/shared/replay/store";
import { useSystem } from "@/shared/system/store";
import { useNow } from "@/shared/time/clock";
import { useMoment } from "@/shared/url/moment";
import { type Truth, truthOf } from "./freshness";
import { aliveOf, usePulse } from "./pulse";

/** What holds for the whole page now. */
export function useTruth(): Truth {
  const now = useNow();
  const connection = useConnection();
  const { system, at, blindSince, usualMs } = useSystem();
  const counts = usePulse((s) => s.counts);
  const newest = system?.newestBeatAt ? Date.parse(system.newestBeatAt) : null;
  const past = useMoment() !== null;
  return useMemo(() => {
    const alive = aliveOf(counts);
    const truth = truthOf({
      now,
      connection,
      system: system && {
        at,
        blindSince,
        preserving: system.selfPreservation !== null,
      },
      beats: { newest, alive, usualMs },
    });
    // What was is known, whatever can be seen now.
    return past ? { ...truth, unknownSince: null, preserving: false } : truth;
  }, [now, connection, system, at, blindSince, newest, usualMs, counts, past]);
}

/** The moment at which ages and figures stand, where the page shows no current truth; else null. */
export function useFrozenAt(): number | null {
  const pausedAt = usePause((s) => s.pausedAt);
  const { unknownSince } = useTruth();
  const replayed = useReplay((s) => s.time);
  return replayed ?? pausedAt ?? unknownSince;
}
