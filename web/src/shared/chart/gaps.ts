import { formatAge } from "@/shared/time/duration";
import type { Times } from "./model";

/** A run of moments without any value; indices of its first and last. */
export interface Gap {
  first: number;
  last: number;
}

type Values = readonly (number | null)[];

/** Where nothing came, between moments where something did: what lies outside is no gap, but unknown. */
export function gapsOf(heard: readonly boolean[]): Gap[] {
  const gaps: Gap[] = [];
  let first = -1;
  let begun = false;
  heard.forEach((came, index) => {
    if (came) {
      if (begun && first >= 0) gaps.push({ first, last: index - 1 });
      begun = true;
      first = -1;
    } else if (begun && first < 0) first = index;
  });
  return gaps;
}

/** Indices of values that stand alone between gaps. */
export const loneOf = (values: Values): number[] =>
  values.flatMap((value, index) =>
    value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null
      ? [index]
      : [],
  );

/** What one hears of a chart instead of seeing it: `p99 0.4 to 74 ms, now 12.9; one gap of 4 s`. */
export function summaryOf(
  lines: readonly { label: string; values: Values }[],
  unit: string,
  format: (value: number) => string,
  { heard, stepSeconds }: Pick<Times, "heard" | "stepSeconds">,
): string {
  const parts = lines.flatMap(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    const now = known.at(-1);
    if (now === undefined) return [];
    const [least, most] = [Math.min(...known), Math.max(...known)];
    return [`${label} ${format(least)} to ${format(most)} ${unit}, now ${format(now)}`];
  });
  if (parts.length === 0) return "no data";
  const gaps = gapsOf(heard);
  const longest = Math.max(0, ...gaps.map(({ first, last }) => last - first + 1));
  const length = formatAge(longest * stepSeconds * 1_000);
  if (gaps.length === 1) parts.push(`one gap of ${length}`);
  else if (gaps.length > 1) parts.push(`${gaps.length} gaps, the longest of ${length}`);
  return parts.join("; ");
}
