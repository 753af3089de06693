import type { Letter, ToldGroup } from "./documents";

/** Letters of one kind that were put aside for the same. */
export interface Cause {
  key: string;
  kind: string;
  reason: string;
  /** Those that are read, newest first. */
  letters: readonly Letter[];
  /** How many nobody has decided on, those that are not read counted in. */
  left: number;
  oldest: string;
  newest: string;
}

/** Numbers and quoted texts differ from letter to letter of one cause. */
export function causeOf(reason: string): string {
  return reason
    .replace(/"[^"]*"|«[^»]*»/g, "«…»")
    .replace(/\d+/g, "N")
    .trim();
}

const UNTOLD = "Whoever put it aside did not say why";

export const causeKey = ({ kind, reason }: { kind: string; reason: string | null }): string =>
  `${kind} ${causeOf(reason ?? "")}`;

const earlier = (a: string, b: string): string => (a < b ? a : b);
const later = (a: string, b: string): string => (a > b ? a : b);

/**
 * Each cause with the letters of it that are read. Where not all are, `told` is what the server says of each, for all of
 * them. The one with the newest letter first. Letters come newest first.
 */
export function causesOf(
  letters: readonly Letter[],
  told: readonly ToldGroup[],
  isOpen: (letter: Letter) => boolean,
): readonly Cause[] {
  const causes = new Map<string, Cause>();
  for (const letter of letters) {
    const key = causeKey(letter);
    const known = causes.get(key);
    causes.set(key, {
      key,
      kind: letter.kind,
      reason: known?.reason ?? letter.reason ?? UNTOLD,
      letters: [...(known?.letters ?? []), letter],
      left: (known?.left ?? 0) + (isOpen(letter) ? 1 : 0),
      oldest: known ? earlier(known.oldest, letter.at) : letter.at,
      newest: known ? later(known.newest, letter.at) : letter.at,
    });
  }
  const counted = new Map<string, number>();
  for (const { kind, reason, count, oldestAt, newestAt } of told) {
    const key = causeKey({ kind, reason });
    const known = causes.get(key);
    counted.set(key, (counted.get(key) ?? 0) + Number(count));
    causes.set(key, {
      key,
      kind,
      reason: known?.reason ?? reason ?? UNTOLD,
      letters: known?.letters ?? [],
      left: counted.get(key) ?? 0,
      oldest: known ? earlier(known.oldest, oldestAt) : oldestAt,
      newest: known ? later(known.newest, newestAt) : newestAt,
    });
  }
  return [...causes.values()].sort((a, b) => (a.newest < b.newest ? 1 : a.newest > b.newest ? -1 : 0));
}
