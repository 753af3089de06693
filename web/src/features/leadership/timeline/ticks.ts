import type { Piece } from "./scale";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS_MS = [
  ...[10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((each) => each * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((each) => each * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((each) => each * HOUR),
];
/** As much as a label of seconds takes with its distance to the next, and one with fractions of a second. */
const ROOM_PX = 84;
const FINE_ROOM_PX = 104;

export interface Tick {
  at: number;
  /** Whether it falls between seconds. */
  fine: boolean;
}

/** Round moments within a piece of the axis whose labels have room; its middle, where none has. */
export function ticksOf({ from, to, left, right }: Piece): Tick[] {
  const pixels = right - left;
  const perMs = pixels / (to - from);
  const step = STEPS_MS.find((each) => each * perMs >= (each < SECOND ? FINE_ROOM_PX : ROOM_PX));
  if (step === undefined) return [];
  const fine = step < SECOND;
  const margin = (fine ? FINE_ROOM_PX : ROOM_PX) / 2 / perMs;
  const first = Math.ceil((from + margin) / step) * step;
  const ticks: Tick[] = [];
  for (let at = first; at <= to - margin; at += step) ticks.push({ at, fine });
  if (ticks.length > 0 || pixels < ROOM_PX) return ticks;
  return [{ at: Math.round((from + to) / 2 / SECOND) * SECOND, fine: false }];
}
