import { create } from "zustand";

interface Crosshair {
  /** The moment that is pointed at, in epoch seconds; all charts of the page show it. */
  at: number | null;
  /** Whether it stays when the pointer goes. */
  pinned: boolean;
  /** The event that is pointed at on a rail. */
  sequence: number | bigint | null;
}

export const useCrosshair = create<Crosshair>(() => ({ at: null, pinned: false, sequence: null }));

export function pointAt(at: number | null): void {
  const now = useCrosshair.getState();
  if (now.pinned || now.at === at) return;
  useCrosshair.setState({ at });
}

export function pin(at: number | null): void {
  useCrosshair.setState((s) => ({ at, pinned: at !== null && !s.pinned }));
}

/** Index of the moment that is nearest to `at`. */
export function nearest(seconds: readonly number[], at: number): number {
  let low = 0;
  let high = seconds.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((seconds[middle] ?? 0) < at) low = middle;
    else high = middle;
  }
  return at - (seconds[low] ?? 0) <= (seconds[high] ?? 0) - at ? low : high;
}
