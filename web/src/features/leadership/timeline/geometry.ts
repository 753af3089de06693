import type { Window } from "@/shared/time/range";
import type { Scale } from "./scale";

/** Sizes of the drawing in pixels. */
/** A name of eighteen letters, and the longest state beside it. */
export const LABEL_PX = 208;
export const TERM_PX = 20;
export const CAUSE_PX = 16;
export const LANE_PX = 22;
export const GAP_PX = 4;
export const ERRORS_PX = 26;
export const AXIS_PX = 24;
/** What is short is never thinner, so that it can be seen and hit. */
export const THIN_PX = 3;
/** Where the lanes begin. */
export const TOP = TERM_PX + CAUSE_PX;
/** A letter of the small print, on average. */
export const LETTER_PX = 5.8;

export const rowOf = (index: number): number => TOP + index * (LANE_PX + GAP_PX);

export const middleOf = (y: number): number => y + LANE_PX / 2;

/** Where a time lies, and how wide it is drawn; `thin` when that is wider than the truth. */
export interface Extent {
  left: number;
  right: number;
  wide: number;
  thin: boolean;
}

/** A time within the span; what is too short is drawn around its end, without leaving the axis. */
export function extentOf({ from, to }: Window, scale: Scale, span: Window): Extent {
  const left = scale.x(Math.max(span.from, from));
  const right = scale.x(Math.min(span.to, to));
  const thin = right - left < THIN_PX;
  if (!thin) return { left, right, wide: right - left, thin };
  const end = Math.max(scale.x(span.from) + THIN_PX, right);
  return { left: end - THIN_PX, right: end, wide: THIN_PX, thin };
}
