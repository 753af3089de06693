import { plural } from "@/shared/figures/format";
import type { Window } from "@/shared/time/range";
import type { Buckets } from "./documents";

export interface Bar {
  /** Of the width of the strip, from 0 to 1. */
  x: number;
  /** Of its height. */
  height: number;
  count: number;
  from: number;
  to: number;
}

/** A bar for each part in which there are events; the highest is as high as the strip. */
export function barsOf(buckets: Buckets, partSeconds: number, { from, to }: Window): Bar[] {
  const most = Math.max(1, ...buckets.map(({ count }) => Number(count)));
  return buckets.map(({ at, count }) => {
    const begin = Date.parse(at);
    return {
      x: (begin - from) / (to - from),
      height: Number(count) / most,
      count: Number(count),
      from: begin,
      to: Math.min(to, begin + partSeconds * 1_000),
    };
  });
}

/** How many there are of each type, in all of the span. */
export function countsOf(buckets: Buckets): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { types } of buckets)
    for (const { type, count } of types) counts.set(type, (counts.get(type) ?? 0) + Number(count));
  return counts;
}

export function spoken(bars: readonly Bar[]): string {
  const total = bars.reduce((sum, { count }) => sum + count, 0);
  const most = bars.reduce((top, { count }) => Math.max(top, count), 0);
  return total === 0 ? "No event in this time" : `${plural(total, "event")}, at most ${most} in one part`;
}

/** The span between two places of the strip, in whole seconds, the earlier first; null when it is none. */
export function spanBetween(a: number, b: number, { from, to }: Window): Window | null {
  const at = (x: number): number => from + Math.min(1, Math.max(0, x)) * (to - from);
  const begin = Math.floor(at(Math.min(a, b)) / 1_000) * 1_000;
  const end = Math.ceil(at(Math.max(a, b)) / 1_000) * 1_000;
  return end - begin >= 1_000 && Math.abs(a - b) > 0.005 ? { from: begin, to: end } : null;
}
