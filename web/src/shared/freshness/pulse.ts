import { create } from "zustand";
import { highest, type Whole } from "@/shared/graphql/exact";
import type { Live } from "@/shared/graphql/live";
import { type InstanceStatus, meaningOf } from "@/shared/status/status";
import { Pulse, type PulseUpdate } from "./documents";

interface PulseStore {
  /** The newest heartbeat of any instance, in epoch milliseconds of the server's clock. */
  newest: number | null;
  /** The longest usual pause between two of them. */
  usualMs: number;
  /** How many instances are in each state, of the whole fleet; null before the first message. */
  counts: ReadonlyMap<InstanceStatus, number> | null;
  total: number;
  asOf: Whole;
}

const nothing: PulseStore = { newest: null, usualMs: 1_000, counts: null, total: 0, asOf: 0 };

export const usePulse = create<PulseStore>(() => nothing);

/** How many pauses tell what is usual. */
const PAUSES = 20;
let pauses: number[] = [];

export function receivePulse(update: PulseUpdate): void {
  const before = usePulse.getState();
  const rows = update.__typename === "InstanceSnapshot" ? update.instances : update.changed;
  const beats = rows.flatMap((row) => (row.lastBeatAt === null ? [] : [Date.parse(row.lastBeatAt)]));
  const newest = Math.max(before.newest ?? Number.NEGATIVE_INFINITY, ...beats);
  if (before.newest !== null && newest > before.newest) {
    pauses = [...pauses, newest - before.newest].slice(-PAUSES);
  }
  const counts = update.__typename === "InstanceSnapshot" ? update.counts : update.newCounts;
  usePulse.setState({
    newest: Number.isFinite(newest) ? newest : null,
    usualMs: usual(pauses),
    total: Number(update.totalCount),
    asOf: highest(before.asOf, update.asOfSequence),
    ...(counts && {
      counts: new Map(counts.map(({ status, count }) => [status, Number(count)])),
    }),
  });
}

/** The median, so that the one long pause of an outage does not become what is usual. */
function usual(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return Math.max(1_000, sorted[Math.floor(sorted.length / 2)] ?? 0);
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
    pauses = [];
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
