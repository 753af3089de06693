import { useMemo, useSyncExternalStore } from "react";
import { useConnectionStore } from "@/shared/connection/store";
import { usePause } from "@/shared/live/pause";
import { useReplay } from "@/shared/replay/store";
import { useSystem } from "@/shared/system/store";
import { onTick, tickNow } from "@/shared/time/clock";
import { useMoment } from "@/shared/url/moment";
import { type Truth, truthOf } from "./freshness";
import { aliveOf, usePulse } from "./pulse";

function subscribe(listener: () => void): () => void {
  const ends = [
    onTick(listener),
    useConnectionStore.subscribe(listener),
    useSystem.subscribe(listener),
    usePulse.subscribe(listener),
  ];
  return () => {
    for (const end of ends) end();
  };
}

const inputs = () =>
  [tickNow(), useConnectionStore.getState(), useSystem.getState(), usePulse.getState().counts] as const;

let known: { of: ReturnType<typeof inputs>; truth: Truth; text: string } | null = null;

/** Made once for whoever asks; the same object as long as it says the same, so that what shows it is not drawn anew. */
function truth(): Truth {
  const of = inputs();
  if (known?.of.every((each, index) => each === of[index])) return known.truth;
  const [now, { connection }, { system, at, blindSince, usualMs }, counts] = of;
  const next = truthOf({
    now,
    connection,
    system: system && { at, blindSince, preserving: system.selfPreservation !== null },
    beats: {
      newest: system?.newestBeatAt ? Date.parse(system.newestBeatAt) : null,
      alive: aliveOf(counts),
      usualMs,
    },
  });
  const text = JSON.stringify(next);
  known = { of, truth: known?.text === text ? known.truth : next, text };
  return known.truth;
}

/** What holds for the whole page now. */
export function useTruth(): Truth {
  const now = useSyncExternalStore(subscribe, truth);
  const past = useMoment() !== null;
  // What was is known, whatever can be seen now.
  return useMemo(() => (past ? { ...now, unknownSince: null, preserving: false } : now), [now, past]);
}

/** The moment at which ages and figures stand, where the page shows no current truth; else null. */
export function useFrozenAt(): number | null {
  const pausedAt = usePause((s) => s.pausedAt);
  const unknownSince = useSyncExternalStore(subscribe, () => truth().unknownSince);
  const past = useMoment() !== null;
  const replayed = useReplay((s) => s.time);
  return replayed ?? pausedAt ?? (past ? null : unknownSince);
}
