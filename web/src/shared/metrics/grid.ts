import type { Times } from "@/shared/chart/model";
import type { Window } from "@/shared/time/range";
import type { Point } from "./documents";

/** Windows as they come: those in which nothing was heard are missing. */
interface Windows<P> {
  resolutionSeconds: number;
  points: readonly P[];
}

/** A series on even moments: what did not come is null. */
export interface Grid<P = Point> {
  times: Times;
  /** One for each moment. */
  points: readonly (P | null)[];
  /** How many windows lie within, and how many of them are missing between the first and the last that came. */
  windows: number;
  missing: number;
}

/** So many moments at most: a series of another resolution than asked for must not fill the memory. */
const MOST = 4_000;

export function gridOf<P extends { at: string }>(
  { points, resolutionSeconds }: Windows<P>,
  span: Window,
): Grid<P> {
  const step = Math.max(1, resolutionSeconds);
  const first = Math.floor(span.from / 1_000 / step) * step;
  const windows = Math.min(MOST, Math.max(0, Math.ceil(span.to / 1_000 / step) - first / step));
  const seconds = Array.from({ length: windows }, (_, index) => first + index * step);
  const placed: (P | null)[] = new Array(windows).fill(null);
  for (const point of points) {
    const index = Math.round((Date.parse(point.at) / 1_000 - first) / step);
    if (index >= 0 && index < windows) placed[index] = point;
  }
  const begin = placed.findIndex((point) => point !== null);
  const end = placed.findLastIndex((point) => point !== null);
  const between = begin < 0 ? [] : placed.slice(begin, end + 1);
  return {
    times: { seconds, heard: placed.map((point) => point !== null), stepSeconds: step },
    points: placed,
    windows,
    missing: between.filter((point) => point === null).length,
  };
}

/** The points of another span, laid over this one from its beginning. */
export function laidOver<P>(grid: Grid<P>, other: Grid<P>): readonly (P | null)[] {
  return grid.points.map((_, index) => other.points[index] ?? null);
}
