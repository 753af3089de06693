import { useSyncExternalStore } from "react";

let skewMs = 0;
let told = false;

/** What is off by less is a matter of the way. */
const WAY_MS = 500;
/** The head of an answer is rounded to a second besides. */
const ROUGH_MS = 5_000;

/** Learns how far this machine's clock is off that of NATS, by which all times are told. */
export function noteServerTime(time: string, now: number = Date.now()): void {
  const server = Date.parse(time);
  if (Number.isNaN(server)) return;
  told = true;
  const off = server - now;
  correct(Math.abs(off) > WAY_MS ? off : 0);
}

/** Learns the same out of the head of an answer, roughly, until the clock of NATS itself is told. */
export function noteRoughTime(date: string | null, now: number = Date.now()): void {
  const off = date === null ? Number.NaN : Date.parse(date) - now;
  if (!told && Math.abs(off) > ROUGH_MS) correct(off);
}

export const serverNow = (): number => Date.now() + skewMs;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let tick = serverNow();

function step(): void {
  tick = serverNow();
  for (const each of listeners) each();
}

/** What is wrong by seconds is not shown until the next tick. */
function correct(next: number): void {
  const jump = Math.abs(next - skewMs) > ROUGH_MS;
  skewMs = next;
  if (jump) step();
}

/** Calls the listener at every tick, until the result is called. */
export function onTick(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(step, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The server's time as of the last tick. */
export const tickNow = (): number => tick;

/** The server's time, once a second, from one timer for the whole page. */
export const useNow = (): number => useSyncExternalStore(onTick, tickNow);

/** The same in whole steps of so many milliseconds: who asks for it is drawn anew once for each step. */
export const useNowIn = (stepMs: number): number =>
  useSyncExternalStore(onTick, () => Math.floor(tick / stepMs) * stepMs);
