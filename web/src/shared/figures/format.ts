import type { Whole } from "@/shared/graphql/exact";

type Figure = number | null | undefined;

/** What stands where a figure is not known: never a zero. */
export const NONE = "—";
const THIN = "\u2009";

/** Milliseconds: `0.4`, `12.9`, `74`, `1.20 s`. */
export function latency(ms: Figure): string {
  if (ms === null || ms === undefined) return NONE;
  if (ms === 0) return "0";
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return ms < 20 ? ms.toFixed(1) : ms.toFixed(0);
}

/** The same where its unit stands in no heading: `74 ms`, `1.20 s`. */
export function duration(ms: Figure): string {
  return ms == null || ms >= 1_000 ? latency(ms) : `${latency(ms)} ms`;
}

/** A second: `3.0`, `106`, `12.4k`. */
export function rate(perSecond: Figure): string {
  if (perSecond === null || perSecond === undefined) return NONE;
  if (perSecond === 0) return "0";
  if (perSecond >= 10_000) return `${(perSecond / 1_000).toFixed(perSecond >= 100_000 ? 0 : 1)}k`;
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1);
}

/** Percent: `0`, `0.04`, `1.2`. */
export function percent(value: Figure): string {
  if (value === null || value === undefined) return NONE;
  if (value === 0) return "0";
  if (value < 0.01) return "<0.01";
  if (value >= 100) return value.toFixed(0);
  return value < 1 ? value.toFixed(2) : value.toFixed(1);
}

/** Percent of one core: `0.8`, `12.0`. */
export const cpu = (value: Figure): string =>
  value === null || value === undefined ? NONE : value === 0 ? "0" : value.toFixed(1);

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `84 MiB`, `1.2 GiB`. */
export function bytes(value: Whole | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  let left = Number(value);
  let unit = 0;
  while (left >= 1_024 && unit < UNITS.length - 1) {
    left /= 1_024;
    unit += 1;
  }
  return `${left >= 10 || unit === 0 ? left.toFixed(0) : left.toFixed(1)} ${UNITS[unit]}`;
}

/** Whole numbers, thousands apart: `1 234 567`. */
export function count(value: Whole | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** `1 instance`, `2 instances`. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;
