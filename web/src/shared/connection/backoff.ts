const BASE_MS = 250;
const CAP_MS = 5_000;

/** Exponential, half of it jitter, never above five seconds. `retries` counts from 0, `random` is in [0, 1). */
export function backoffMs(retries: number, random: number): number {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(retries, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
