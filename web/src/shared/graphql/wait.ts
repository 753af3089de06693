/** A sleep that all sleepers can be woken from at once. */
export function createAlarm(): { sleep: (ms: number) => Promise<void>; ring: () => void } {
  const wakers = new Set<() => void>();
  return {
    sleep: (ms) =>
      new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          wakers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        wakers.add(wake);
      }),
    ring: () => {
      for (const wake of [...wakers]) wake();
    },
  };
}
