import type { Marker } from "./model";

/** Markers that lie too close to be told apart, as one. */
export interface MarkerGroup {
  /** Pixels from the left edge. */
  left: number;
  markers: readonly Marker[];
}

const CLOSE_PX = 10;
/** Half of the width of a mark, and of a count. */
const GLYPH_PX = 5;
const COUNT_PX = 17;

export const halfOf = (markers: number): number => (markers > 1 ? COUNT_PX : GLYPH_PX);

/** In order of time; a count takes in what it would cover. */
export function mergeMarkers(markers: readonly Marker[], leftOf: (at: number) => number): MarkerGroup[] {
  const groups: { left: number; markers: Marker[] }[] = [];
  for (const marker of [...markers].sort((a, b) => a.at - b.at)) {
    const left = leftOf(marker.at);
    const last = groups.at(-1);
    const room = last && Math.max(CLOSE_PX, halfOf(last.markers.length) + GLYPH_PX);
    if (last && room && left - last.left < room) last.markers.push(marker);
    else groups.push({ left, markers: [marker] });
  }
  return groups;
}
