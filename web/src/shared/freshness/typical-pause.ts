/** How many pauses tell what is usual. */
const PAUSES = 20;
const LEAST_MS = 1_000;

/** Learns how long it usually is from one newest heartbeat to the next: the median, so that an outage does not become usual. */
export function createTypicalPause(): (newest: number | null) => number {
  let last: number | null = null;
  let pauses: number[] = [];
  return (newest) => {
    if (newest !== null && last !== null && newest > last) pauses = [...pauses, newest - last].slice(-PAUSES);
    last = newest ?? last;
    const sorted = [...pauses].sort((a, b) => a - b);
    return Math.max(LEAST_MS, sorted[Math.floor(sorted.length / 2)] ?? 0);
  };
}
