/** A span of time as it stands in the address: relative to now, or fixed. */
export interface Range {
  from: string;
  to: string;
}

export const defaultRange: Range = { from: "now-15m", to: "now" };

export const presets: { from: string; label: string }[] = [
  { from: "now-5m", label: "Last 5 minutes" },
  { from: "now-15m", label: "Last 15 minutes" },
  { from: "now-1h", label: "Last hour" },
  { from: "now-6h", label: "Last 6 hours" },
  { from: "now-24h", label: "Last 24 hours" },
  { from: "now-7d", label: "Last 7 days" },
];

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const RELATIVE = /^now(?:-(\d{1,6})([smhd]))?$/;

/** The moment that a text names, in epoch milliseconds; null when it names none. */
export function momentOf(text: string, now: number): number | null {
  const relative = RELATIVE.exec(text);
  if (relative) {
    const [, count, unit] = relative;
    return now - (count && unit ? Number(count) * (UNITS[unit] ?? 0) : 0);
  }
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

export const isLive = (range: Range): boolean => range.to === "now";

export interface Window {
  from: number;
  to: number;
}

/** Where the range lies when it is `now`; what makes no sense is the default. */
export function windowOf(range: Range, now: number): Window {
  const from = momentOf(range.from, now);
  const to = momentOf(range.to, now);
  if (from !== null && to !== null && from < to) return { from, to };
  return { from: momentOf(defaultRange.from, now) ?? 0, to: now };
}
