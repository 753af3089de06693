export interface Throttle {
  (): void;
  cancel: () => void;
}

/** What waits for the next beat of each interval: one timer, so that all of it is drawn in one frame. */
const waiting = new Map<number, Set<() => void>>();

function wait(ms: number, run: () => void): void {
  const others = waiting.get(ms);
  if (others) {
    others.add(run);
    return;
  }
  const all = new Set([run]);
  waiting.set(ms, all);
  setTimeout(
    () => {
      waiting.delete(ms);
      for (const each of all) each();
    },
    // Beats are multiples of the interval, by the clock of the page.
    ms - (performance.now() % ms),
  );
}

/**
 * Calls at once, then once per interval of `ms`; the last request is never lost. Those with the same interval are called
 * together.
 */
export function throttle(run: () => void, ms: number): Throttle {
  let last = Number.NEGATIVE_INFINITY;
  const fire = (): void => {
    last = performance.now();
    run();
  };
  const request = (): void => {
    if (waiting.get(ms)?.has(fire)) return;
    if (performance.now() - last >= ms) fire();
    else wait(ms, fire);
  };
  return Object.assign(request, {
    /** Forgets the request that waits, and when the last one ran. */
    cancel: () => {
      waiting.get(ms)?.delete(fire);
      last = Number.NEGATIVE_INFINITY;
    },
  });
}
