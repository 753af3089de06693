import { create } from "zustand";
import { highest, type Whole } from "@/shared/graphql/exact";
import type { Live } from "@/shared/graphql/live";
import { throttle } from "@/shared/live/throttle";
import { type InstanceStatus, meaningOf } from "@/shared/status/status";
import { Pulse, type PulseUpdate } from "./documents";

interface PulseStore {
  /** How many instances are in each state, of the whole fleet; null before the first message. */
  counts: ReadonlyMap<InstanceStatus, number> | null;
  total: number;
  asOf: Whole;
}

const nothing: PulseStore = { counts: null, total: 0, asOf: 0 };

export const usePulse = create<PulseStore>(() => nothing);

const PAINT_MS = 250;

/** As last received; the store has what was painted of it. */
let latest = nothing;
const paint = throttle(() => usePulse.setState(latest), PAINT_MS);

export function receivePulse(update: PulseUpdate): void {
  const counts = update.__typename === "InstanceSnapshot" ? update.counts : update.newCounts;
  latest = {
    total: Number(update.totalCount),
    asOf: highest(latest.asOf, update.asOfSequence),
    counts: counts ? new Map(counts.map(({ status, count }) => [status, Number(count)])) : latest.counts,
  };
  paint();
}

export function startPulse(live: Live): () => void {
  const end = live.subscribe({
    document: Pulse,
    variables: () => ({}),
    onData: (data) => receivePulse(data.instanceChanges),
    // The connection itself says when it does not hold.
    onError: () => {},
  });
  return () => {
    end();
    paint.cancel();
    latest = nothing;
    usePulse.setState(nothing);
  };
}

/** How many should beat now. */
export function aliveOf(counts: ReadonlyMap<InstanceStatus, number> | null): number {
  let alive = 0;
  for (const [status, n] of counts ?? []) {
    const meaning = meaningOf(status);
    if (meaning === "fine" || meaning === "planned") alive += n;
  }
  return alive;
}
