import type { Content } from "./content";
import { fieldsOf, linesBetween } from "./diff";
import { contentFrom, linesOf } from "./fields";

export type Side = "theirs" | "mine" | "other";

/** One field in which not all three agree. */
export interface Meeting {
  field: string;
  base: string | null;
  theirs: string | null;
  mine: string | null;
  /** Both changed it, and not to the same: somebody has to choose. */
  conflict: boolean;
}

/** Where a change of mine meets one that somebody else made meanwhile. */
export function meetingsOf(base: Content, theirs: Content, mine: Content): Meeting[] {
  const [b, t, m] = [linesOf(base), linesOf(theirs), linesOf(mine)];
  return fieldsOf(b, t, m).flatMap((field) => {
    const [base, theirs, mine] = [b.get(field) ?? null, t.get(field) ?? null, m.get(field) ?? null];
    if (base === theirs && base === mine) return [];
    return [{ field, base, theirs, mine, conflict: theirs !== base && mine !== base && theirs !== mine }];
  });
}

export interface Choice {
  side: Side;
  /** What is wanted instead of either, where the side is `other`. */
  value: string;
}

export type Choices = Readonly<Record<string, Choice>>;

/** What a meeting comes to; undefined as long as nobody has chosen. */
export function resultOf(meeting: Meeting, choices: Choices): string | null | undefined {
  const { field, base, theirs, mine, conflict } = meeting;
  if (!conflict) return mine === base ? theirs : mine;
  const choice = choices[field];
  if (choice === undefined) return undefined;
  if (choice.side === "other") return choice.value.trim() === "" ? null : choice.value;
  return choice.side === "theirs" ? theirs : mine;
}

export const undecided = (meetings: readonly Meeting[], choices: Choices): number =>
  meetings.filter((meeting) => resultOf(meeting, choices) === undefined).length;

/** Theirs, with what the meetings came to. */
export function merged(theirs: Content, meetings: readonly Meeting[], choices: Choices): Content {
  const lines = new Map(linesOf(theirs));
  for (const meeting of meetings) {
    const result = resultOf(meeting, choices) ?? null;
    if (result === null) lines.delete(meeting.field);
    else lines.set(meeting.field, result);
  }
  return contentFrom(lines);
}

/** Whether two contents say the same. */
export const isSame = (a: Content, b: Content): boolean => linesBetween(linesOf(a), linesOf(b)).length === 0;
