import type { Whole } from "@/shared/graphql/exact";
import { formatSpan } from "@/shared/time/duration";
import type { TermNode } from "./documents";

/** Why a group changed its owner. */
export type Cause = TermNode["cause"];

/** The time between two owners. */
export interface Gap {
  /** Epoch milliseconds. Where the gap is not measured, both are that of the election. */
  from: number;
  to: number;
  /** As the claimer measured it; null where nobody did. */
  measuredMs: number | null;
  cause: Cause;
  /** Who asked for it, and why, where that was said. */
  by: string | null;
  reason: string | null;
}

export interface Term {
  term: Whole;
  owner: string;
  from: number;
  /** Null while it lasts. */
  to: number | null;
  before: Gap;
  /** Whether its owner was lost, and whether somebody asked for its end. */
  lost: boolean;
  asked: boolean;
  /** Of the election, and of what ended it. */
  sequence: Whole;
  endSequence: Whole | null;
}

/** A group that has no owner now. */
export interface Open {
  since: number;
  lost: boolean;
  sequence: Whole;
}

export interface Terms {
  terms: readonly Term[];
  open: Open | null;
}

/**
 * The terms of a group for the timeline, oldest first. A gap ends at the election, and is as long as was measured: loss and
 * election are recorded at once, so that the times of the log tell nothing of it.
 */
export function termsFrom(nodes: readonly TermNode[]): Terms {
  const gaps = nodes.map(gapOf);
  const terms = nodes.map((node, index): Term => {
    const next = gaps[index + 1];
    const from = Date.parse(node.from);
    const recorded = node.to === null ? null : Date.parse(node.to);
    return {
      term: node.term,
      owner: node.owner,
      from,
      to: next ? Math.max(from, next.from) : recorded,
      before: gaps[index] as Gap,
      lost: node.ending === "LOST",
      asked: next?.cause === "STEPPED_DOWN",
      sequence: node.electedSequence,
      endSequence: node.endedSequence,
    };
  });
  const last = terms.at(-1);
  const open =
    last && last.to !== null
      ? { since: last.to, lost: last.lost, sequence: last.endSequence ?? last.sequence }
      : null;
  return { terms, open };
}

function gapOf({ from, gapMs, cause, by, reason }: TermNode): Gap {
  const to = Date.parse(from);
  const measuredMs = gapMs === null ? null : Number(gapMs);
  return { from: to - (measuredMs ?? 0), to, measuredMs, cause, by, reason };
}

/**
 * How long nobody owned the group, as it is told. Who was lost is known by its last renewal, and may have worked on for a part
 * of the time after it.
 */
export const gapSpan = (ms: number): string => `at most ${formatSpan(ms)}`;

/** How long a term lasted: of who was lost, up to the last renewal at least. */
export const heldSpan = ({ from, lost }: Term, to: number): string =>
  `${lost ? "at least " : ""}${formatSpan(to - from)}`;

export const causeWords: Record<Cause, string> = {
  FIRST: "first owner",
  OWNER_LOST: "owner lost",
  RESIGNED: "resigned",
  STEPPED_DOWN: "stepped down",
  MAINTENANCE: "maintenance",
  UNKNOWN: "cause not known here",
};
