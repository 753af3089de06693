import { useSyncExternalStore } from "react";

let skewMs = 0;

/** Learns how far this machine's clock is off that of NATS, by which all times are told; what is a matter of the way is left out. */
export function noteServerTime(time: string, now: number = Date.now()): void {
  const server = Date.parse(time);
  if (Number.isNaN(server)) return;
  const off = server - now;
  skewMs = Math.abs(off) > 500 ? off : 0;
}

export const serverNow = (): number => Date.now() + skewMs;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let tick = serverNow();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    tick = serverNow();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The server's time, once a second, from one timer for the whole page. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => tick);
