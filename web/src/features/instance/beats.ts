interface Beating {
  resolutionSeconds: number;
  points: readonly { at: string }[];
}

/** What is known of one second: a heartbeat came, or it did not; `unknown` where nothing is said yet. */
export type Beat = "came" | "missed" | "unknown";

export interface Beats {
  beats: readonly Beat[];
  /** The longest time without any, in seconds. */
  longestSeconds: number;
}

/** The last seconds, oldest first. `interval` is how often one comes: only then is a second without one a miss. */
export function beatsOf(series: Beating, from: number, seconds: number): Beats {
  const step = Math.max(1, series.resolutionSeconds);
  const came = new Set(series.points.map(({ at }) => Math.floor((Date.parse(at) - from) / 1_000 / step)));
  const slots = Math.ceil(seconds / step);
  const last = Math.max(-1, ...came);
  const first = Math.min(slots, ...came);
  const beats: Beat[] = Array.from({ length: slots }, (_, slot) => {
    if (came.has(slot)) return "came";
    // The newest seconds may be on their way; before the first one nothing is known.
    return slot < first || (slot > last && slot >= slots - 2) ? "unknown" : "missed";
  });
  let run = 0;
  let longest = 0;
  for (const beat of beats) {
    run = beat === "missed" ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return { beats, longestSeconds: longest * step };
}
