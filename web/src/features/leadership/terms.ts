import { shortType } from "@/shared/events/kinds";
import type { Whole } from "@/shared/graphql/exact";
import { z } from "@/shared/lib/zod";
import type { LeadershipEvent } from "./documents";

/** Why a group changed its owner. */
export type Cause = "first" | "lost" | "resigned" | "stepped down";

/** The time between two owners. */
export interface Gap {
  /** Epoch milliseconds. Where the gap is not measured, both are that of the election. */
  from: number;
  to: number;
  /** As the log says it; null where it does not. */
  measuredMs: number | null;
  cause: Cause;
  /** Who asked for it, and why, where somebody did. */
  by: string | null;
  reason: string | null;
}

export interface Term {
  term: Whole;
  owner: string;
  from: number;
  /** Null while it lasts. */
  to: number | null;
  /** How it began: null for a term whose beginning the log does not say. */
  before: Gap | null;
  /** Of the election, and of what ended it. */
  sequence: Whole;
  endSequence: Whole | null;
  /** When somebody asked for a step-down in it. */
  askedAt: number | null;
}

/** A group that has no owner now. */
export interface Open {
  since: number;
  cause: Cause;
  sequence: Whole;
}

export interface Terms {
  terms: readonly Term[];
  open: Open | null;
}

const number = z.union([z.number(), z.bigint()]);
const elected = z.object({
  instance: z.string(),
  term: number,
  reason: z.string(),
  vacancy_ms: z.nullish(number),
});
const ended = z.object({ instance: z.nullish(z.string()), term: number, reason: z.nullish(z.string()) });

interface Ask {
  at: number;
  by: string;
  reason: string | null;
}

/**
 * The terms of one group out of its events, oldest first. How long nobody owned it is what the election says: loss and election
 * are recorded at once, so that their times tell nothing of it.
 */
export function termsOf(events: readonly LeadershipEvent[]): Terms {
  const terms: Term[] = [];
  let ask: Ask | null = null;
  let goodbye: { at: number; reason: string | null; sequence: Whole } | null = null;
  let loss: { at: number; sequence: Whole } | null = null;
  for (const event of events) {
    const at = Date.parse(event.time);
    switch (shortType(event.type)) {
      case "step_down_requested": {
        const parsed = ended.safeParse(event.data);
        ask = { at, by: event.actor, reason: parsed.success ? (parsed.data.reason ?? null) : null };
        const last = terms.at(-1);
        if (last?.to === null) last.askedAt = at;
        break;
      }
      case "leader_resigned": {
        const parsed = ended.safeParse(event.data);
        goodbye = {
          at,
          reason: parsed.success ? (parsed.data.reason ?? null) : null,
          sequence: event.sequence,
        };
        break;
      }
      case "leader_lost":
        loss = { at, sequence: event.sequence };
        break;
      case "leader_elected": {
        const parsed = elected.safeParse(event.data);
        if (!parsed.success) break;
        const { instance, term, reason, vacancy_ms } = parsed.data;
        const cause = causeOf(reason, ask !== null);
        const measured = vacancy_ms === null || vacancy_ms === undefined ? null : Number(vacancy_ms);
        const begin = measured === null ? at : at - measured;
        const last = terms.at(-1);
        if (last && last.to === null) {
          last.to = Math.max(last.from, begin);
          last.endSequence = loss?.sequence ?? goodbye?.sequence ?? event.sequence;
        }
        terms.push({
          term,
          owner: instance,
          from: at,
          to: null,
          before: {
            from: begin,
            to: at,
            measuredMs: measured,
            cause,
            by: cause === "stepped down" ? (ask?.by ?? null) : null,
            reason: cause === "stepped down" ? (ask?.reason ?? null) : (goodbye?.reason ?? null),
          },
          sequence: event.sequence,
          endSequence: null,
          askedAt: null,
        });
        ask = null;
        goodbye = null;
        loss = null;
        break;
      }
    }
  }
  return { terms, open: openOf(terms, goodbye, loss, ask !== null) };
}

function causeOf(reason: string, asked: boolean): Cause {
  if (reason === "owner_lost") return "lost";
  if (reason === "first") return "first";
  return asked ? "stepped down" : "resigned";
}

/** Whether the last owner has gone and nobody has come. */
function openOf(
  terms: Term[],
  goodbye: { at: number; sequence: Whole } | null,
  loss: { at: number; sequence: Whole } | null,
  asked: boolean,
): Open | null {
  const end = loss ?? goodbye;
  if (end === null) return null;
  const last = terms.at(-1);
  if (last && last.to === null) {
    last.to = Math.max(last.from, end.at);
    last.endSequence = end.sequence;
  }
  const cause = loss ? "lost" : asked ? "stepped down" : "resigned";
  return { since: end.at, cause, sequence: end.sequence };
}

export const causeWords: Record<Cause, string> = {
  first: "first owner",
  lost: "owner lost",
  resigned: "resigned",
  "stepped down": "stepped down",
};
