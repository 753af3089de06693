import type { Marker } from "./model";

/** Markers that lie too close to be told apart, as one. */
export interface MarkerGroup {
  /** Pixels from the left edge. */
  left: number;
  markers: readonly Marker[];
}

const CLOSE_PX = 10;

export function mergeMarkers(markers: readonly Marker[], leftOf: (at: number) => number): MarkerGroup[] {
  const groups: { left: number; markers: Marker[] }[] = [];
  for (const marker of [...markers].sort((a, b) => a.at - b.at)) {
    const left = leftOf(marker.at);
    const last = groups.at(-1);
    if (last && left - last.left < CLOSE_PX) last.markers.push(marker);
    else groups.push({ left, markers: [marker] });
  }
  return groups;
}
