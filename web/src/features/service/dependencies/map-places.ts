import type { Neighbour, Neighbours } from "./neighbours";

/** A node of the map, in pixels. */
export interface Place {
  of: Neighbour;
  side: "usedBy" | "own" | "calls";
  x: number;
  y: number;
  wide: number;
  high: number;
}

const HIGH_PX = 46;
const GAP_PX = 12;
const WIDEST_PX = 320;
/** Between the columns: the arrows need room. */
const ROOM_PX = 72;
const PAD_PX = 24;

/** Callers on the left, those that are called on the right, the service itself between them at half the height. */
export function placesOf(
  { own, calls, usedBy }: Neighbours,
  width: number,
): { places: Place[]; height: number } {
  const inner = width - PAD_PX;
  const wide = Math.min(WIDEST_PX, Math.floor((inner - 2 * ROOM_PX) / 3));
  const rows = Math.max(1, calls.length, usedBy.length);
  const height = rows * HIGH_PX + (rows - 1) * GAP_PX + 2;
  const column = (all: readonly Neighbour[], side: Place["side"], x: number): Place[] => {
    const taken = all.length * HIGH_PX + (all.length - 1) * GAP_PX;
    const top = (height - taken) / 2;
    return all.map((of, index) => ({
      of,
      side,
      x,
      y: top + index * (HIGH_PX + GAP_PX),
      wide,
      high: HIGH_PX,
    }));
  };
  const places = [
    ...column(usedBy, "usedBy", 1),
    ...column([own], "own", Math.round((inner - wide) / 2)),
    ...column(calls, "calls", inner - wide - 1),
  ];
  return { places, height };
}

/** From the right edge of the caller to the left edge of what it calls. */
export function edgePath(caller: Place, called: Place): string {
  const [x1, y1] = [caller.x + caller.wide, caller.y + caller.high / 2];
  const [x2, y2] = [called.x - 1, called.y + called.high / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}
