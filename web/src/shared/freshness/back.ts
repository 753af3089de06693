import type { Whole } from "@/shared/graphql/exact";

/** Since when the page was cut off or could not see, and what it knew then; and that it is back. */
export interface Absence {
  away: { since: number; asOf: Whole } | null;
  back: { ms: number; asOf: Whole; at: number } | null;
}

export const nowhere: Absence = { away: null, back: null };

/** What was shorter is not worth a word. */
const WORTH_MS = 2_000;
const TOLD_MS = 6_000;

interface Moment {
  /** Since when the page tells no current truth; null while it does. */
  awaySince: number | null;
  now: number;
  /** The newest event that is known. */
  asOf: Whole;
}

/** The same object where nothing has changed. */
export function absenceOf(before: Absence, { awaySince, now, asOf }: Moment): Absence {
  if (awaySince !== null) {
    return before.away === null ? { away: { since: awaySince, asOf }, back: null } : before;
  }
  if (before.away !== null) {
    const ms = now - before.away.since;
    return { away: null, back: ms < WORTH_MS ? null : { ms, asOf: before.away.asOf, at: now } };
  }
  return before.back !== null && now - before.back.at >= TOLD_MS ? nowhere : before;
}
