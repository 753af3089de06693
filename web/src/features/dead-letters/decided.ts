import { shortType } from "@/shared/events/kinds";
import { type Whole, whole } from "@/shared/graphql/exact";
import { z } from "@/shared/lib/zod";
import type { Deed } from "./letters";

export const decisionTypes = [
  "aegis.installation.dead_letter_redriven.v1",
  "aegis.installation.dead_letter_discarded.v1",
];

/** What was decided on a letter, when, by whom and why. */
export interface Decision {
  letter: Whole;
  at: string | null;
  subject: string;
  reason: string;
  deed: Deed;
  by: string;
  time: string;
  /** Of the event. */
  sequence: Whole;
}

const body = z.object({
  sequence: z.union([z.number(), z.bigint()]),
  at: z.nullish(z.string()),
  subject: z.string(),
  reason: z.string(),
});

interface DecisionEvent {
  sequence: Whole;
  type: string;
  time: string;
  actor: string;
  data: unknown;
}

/** Newest first. What cannot be read is left out. */
export function decisionsOf(events: readonly DecisionEvent[]): readonly Decision[] {
  return events
    .flatMap((event) => {
      const parsed = body.safeParse(event.data);
      if (!parsed.success) return [];
      const { sequence, at, subject, reason } = parsed.data;
      const deed: Deed = shortType(event.type) === "dead_letter_redriven" ? "redrive" : "discard";
      const letter = whole(String(sequence));
      return [
        {
          letter,
          at: at ?? null,
          subject,
          reason,
          deed,
          by: event.actor,
          time: event.time,
          sequence: event.sequence,
        },
      ];
    })
    .reverse();
}

export const deedWord: Record<Deed, { verb: string; past: string; going: string }> = {
  redrive: { verb: "Redrive", past: "Redriven", going: "Redriving…" },
  discard: { verb: "Discard", past: "Discarded", going: "Discarding…" },
};
