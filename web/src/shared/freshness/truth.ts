import { useMemo } from "react";
import { useConnection } from "@/shared/connection/store";
import { usePause } from "@/shared/live/pause";
import { useSystem } from "@/shared/system/store";
import { useNow } from "@/shared/time/clock";
import { type Truth, truthOf } from "./freshness";
import { aliveOf, usePulse } from "./pulse";

/** What holds for the whole page now. */
export function useTruth(): Truth {
  const now = useNow();
  const connection = useConnection();
  const { system, at } = useSystem();
  const { newest, usualMs, counts } = usePulse();
  return useMemo(() => {
    const alive = aliveOf(counts);
    return truthOf({
      now,
      connection,
      system: system && {
        at,
        natsConnected: system.natsConnected,
        heartbeatsVisible: system.heartbeatsVisible,
        preserving: system.selfPreservation !== null,
      },
      beats: { newest, alive, usualMs },
    });
  }, [now, connection, system, at, newest, usualMs, counts]);
}

/** The moment at which ages and figures stand, where the page shows no current truth; else null. */
export function useFrozenAt(): number | null {
  const pausedAt = usePause((s) => s.pausedAt);
  const { unknownSince } = useTruth();
  return pausedAt ?? unknownSince;
}
