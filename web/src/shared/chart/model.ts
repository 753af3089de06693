import type { Token } from "./colors";

/** One line of a chart. Values stand one for each moment of the chart; null where there is none: gaps are never joined. */
export interface Line {
  key: string;
  /** Empty for one that only bounds a band: it stands neither in the legend nor in the table. */
  label: string;
  color: Token;
  width: number;
  dash?: readonly number[];
  /** How strongly the ground below is filled, from 0 to 1. */
  fill?: number;
  /** Key of the line above up to which the ground is filled instead: a value with its maximum. */
  upTo?: string;
  values: readonly (number | null)[];
}

/** A level that the definition sets. */
export interface Threshold {
  value: number;
  label: string;
  color: Token;
}

export interface ChartSpec {
  title: string;
  unit: string;
  lines: readonly Line[];
  format: (value: number | null) => string;
  /** The highest that the axis has to show; the largest value, if there is none. */
  top?: number;
  /** Where the axis begins, given the least value; at zero, if there is none. */
  bottom?: (least: number) => number;
  thresholds?: readonly Threshold[];
}

/** Something that happened, on the rail above the plot. */
export interface Marker {
  /** Epoch milliseconds. */
  at: number;
  glyph: string;
  /** What it is, in words. */
  text: string;
  sequence: number | bigint;
}

/** The moments of a chart in epoch seconds, evenly spaced. */
export interface Times {
  seconds: readonly number[];
  /** Whether anything came in each: where a line has no value though something came, there was nothing to tell. */
  heard: readonly boolean[];
  stepSeconds: number;
}
