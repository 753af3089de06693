import type { Whole } from "@/shared/graphql/exact";
import type { Letter } from "./documents";

/** A letter for good: a stream that was made anew counts from 1 again. */
export const letterKey = ({ sequence, at }: { sequence: Whole; at: string }): string => `${sequence}@${at}`;

export type Deed = "redrive" | "discard";

/** What a decision would lead to, as far as it can be told from the letter; the server has the last word. */
export interface Preview {
  possible: boolean;
  text: string;
}

export function previewOf(letter: Letter, deed: Deed): Preview {
  if (deed === "discard") return { possible: true, text: "is given up; its payload is gone" };
  if (letter.originalSubject === null)
    return { possible: false, text: "it does not say which subject it came from" };
  if (letter.kind === "event") {
    return {
      possible: letter.originalSequence !== null,
      text: "a domain event is never sent again: it is let go if this version can read it",
    };
  }
  if (/^[$_]/.test(letter.originalSubject))
    return { possible: false, text: `${letter.originalSubject} is no subject of an application` };
  const stream = letter.originalStream ? `, taken by ${letter.originalStream}` : "";
  return { possible: true, text: `goes to ${letter.originalSubject}${stream}` };
}

/** What decisions on them would lead to, and how many come to the same, the most first. */
export function outcomesOf(letters: readonly Letter[], deed: Deed): (Preview & { count: number })[] {
  const outcomes = new Map<string, Preview & { count: number }>();
  for (const letter of letters) {
    const preview = previewOf(letter, deed);
    const key = `${preview.possible} ${preview.text}`;
    outcomes.set(key, { ...preview, count: (outcomes.get(key)?.count ?? 0) + 1 });
  }
  return [...outcomes.values()].sort((a, b) => b.count - a.count);
}

/** Whether the letter has the text in what a person would look for. */
export function letterHas({ subject, originalSubject, reason, sequence }: Letter, text: string): boolean {
  const needle = text.toLowerCase();
  return [originalSubject ?? subject, reason ?? "", String(sequence)].some((hay) =>
    hay.toLowerCase().includes(needle),
  );
}
