import type { Whole } from "@/shared/graphql/exact";
import type { Letter } from "./documents";

/** A letter for good: a stream that was made anew counts from 1 again. */
export const letterKey = ({ sequence, at }: { sequence: Whole; at: string }): string => `${sequence}@${at}`;

export interface LetterGroup {
  key: string;
  kind: string;
  reason: string;
  letters: readonly Letter[];
  /** When the newest of them was put aside. */
  newest: string;
}

/** Numbers and quoted texts differ from letter to letter of one cause. */
export function causeOf(reason: string): string {
  return reason
    .replace(/"[^"]*"|«[^»]*»/g, "«…»")
    .replace(/\d+/g, "N")
    .trim();
}

/** The letters of one kind with one cause together, the newest group first. They come newest first. */
export function groupsOf(letters: readonly Letter[]): readonly LetterGroup[] {
  const groups = new Map<string, Letter[]>();
  for (const letter of letters) {
    const key = `${letter.kind} ${causeOf(letter.reason ?? "")}`;
    groups.set(key, [...(groups.get(key) ?? []), letter]);
  }
  return [...groups].map(([key, members]) => {
    const [first] = members as [Letter, ...Letter[]];
    const reason = first.reason ?? "Whoever put it aside did not say why";
    return { key, kind: first.kind, reason, letters: members, newest: first.at };
  });
}

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

/** Whether the letter has the text in what a person would look for. */
export function letterHas({ subject, originalSubject, reason, sequence }: Letter, text: string): boolean {
  const needle = text.toLowerCase();
  return [originalSubject ?? subject, reason ?? "", String(sequence)].some((hay) =>
    hay.toLowerCase().includes(needle),
  );
}
