import type { Content } from "./content";
import { type Lines, lineOrder, linesOf } from "./fields";

/** One line that is different; a side without a value is null. */
export interface Change {
  field: string;
  before: string | null;
  after: string | null;
}

/** The fields of both, each once: those of the second, and what only the first has in its place. */
export function fieldsOf(...all: readonly Lines[]): string[] {
  const found = new Set(all.flatMap((lines) => [...lines.keys()]));
  const labels = [...found].filter((field) => !lineOrder.includes(field)).sort();
  return [...lineOrder.filter((field) => found.has(field)), ...labels];
}

export function linesBetween(before: Lines, after: Lines): Change[] {
  return fieldsOf(before, after)
    .map((field) => ({ field, before: before.get(field) ?? null, after: after.get(field) ?? null }))
    .filter((change) => change.before !== change.after);
}

/** What is different between two contents; before the first one there is nothing. */
export const changesBetween = (before: Content | null, after: Content): Change[] =>
  linesBetween(linesOf(before), linesOf(after));
