export interface Throttle {
  (): void;
  cancel: () => void;
}

/** Calls at once, then at most once per `ms`; the last request is never lost. */
export function throttle(run: () => void, ms: number): Throttle {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = Number.NEGATIVE_INFINITY;
  const fire = (): void => {
    timer = undefined;
    last = performance.now();
    run();
  };
  const request = (): void => {
    if (timer !== undefined) return;
    const due = last + ms - performance.now();
    if (due <= 0) fire();
    else timer = setTimeout(fire, due);
  };
  return Object.assign(request, {
    /** Forgets the request that waits, and when the last one ran. */
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
      last = Number.NEGATIVE_INFINITY;
    },
  });
}
