import type { Window } from "@/shared/time/range";
import { oneOf, text, type Values } from "@/shared/url/codec";

/** What is compared, as it stands in the address. */
export const compareShape = {
  compare: oneOf(["windows", "instances", "versions"], "windows"),
  a: text,
  b: text,
};

export type Choice = Values<typeof compareShape>;

const DAY_MS = 86_400_000;

/** How long ago the other window lies. */
export const windowsBefore: { key: string; label: string; ms: (length: number) => number }[] = [
  { key: "", label: "The time just before", ms: (length) => length },
  { key: "1d", label: "A day before", ms: () => DAY_MS },
  { key: "7d", label: "A week before", ms: () => 7 * DAY_MS },
];

/** The other window of a comparison. */
export function windowBefore({ from, to }: Window, key: string): Window {
  const found = windowsBefore.find((each) => each.key === key) ?? windowsBefore[0];
  const ms = found?.ms(to - from) ?? to - from;
  return { from: from - ms, to: to - ms };
}

/** The two that are compared: those that were chosen, as far as there are such, else the first two. */
export function pairOf(names: readonly string[], { a, b }: Pick<Choice, "a" | "b">): [string, string] | null {
  const first = names.includes(a) ? a : names[0];
  const second = names.includes(b) && b !== first ? b : names.find((name) => name !== first);
  return first === undefined || second === undefined ? null : [first, second];
}
