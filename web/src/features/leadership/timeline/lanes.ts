import { compareNatural } from "@/shared/lib/utils";
import type { Window } from "@/shared/time/range";
import type { Member } from "../documents";
import type { Gap, Open, Term } from "../terms";

export interface Lane {
  instance: string;
  /** Null for one who is no longer in the registry. */
  member: Member | null;
  terms: readonly Term[];
}

export interface Lanes {
  lanes: readonly Lane[];
  /** Members that never owned it, and have no lane of their own. */
  folded: number;
}

const MOST = 12;

/** One lane for each who owned the group in the span, by first ownership; then those who stand for it and never did. */
export function lanesOf(
  group: string,
  terms: readonly Term[],
  members: readonly Member[],
  span: Window,
): Lanes {
  const owners: string[] = [];
  for (const { owner, from, to } of terms) {
    const inside = from <= span.to && (to ?? span.to) >= span.from;
    if (inside && !owners.includes(owner)) owners.push(owner);
  }
  // Groups that are opened on demand are in no list: whoever runs may take them.
  const named = members.some(({ standsFor }) => standsFor.includes(group));
  const stands = members.filter(({ standsFor }) => !named || standsFor.includes(group));
  const live = stands.filter(({ status }) => !["EXPIRED", "STOPPED", "FAILED"].includes(status));
  const others = live
    .map(({ instance }) => instance)
    .filter((instance) => !owners.includes(instance))
    .sort(compareNatural);
  const room = Math.max(0, MOST - owners.length);
  const shown = [...owners, ...(others.length > room ? others.slice(0, Math.max(0, room - 1)) : others)];
  return {
    lanes: shown.map((instance) => ({
      instance,
      member: members.find((each) => each.instance === instance) ?? null,
      terms: terms.filter(({ owner }) => owner === instance),
    })),
    folded: owners.length + others.length - shown.length,
  };
}

/** A bar or a gap that one can go to by keys. */
export type Item =
  | { kind: "term"; term: Term; from: number; to: number }
  | {
      kind: "gap";
      gap: Gap;
      /** Who owned the group before it, where the log tells, and after it. */
      before: string | null;
      after: string;
      sequence: Term["sequence"];
      from: number;
      to: number;
    }
  | { kind: "open"; open: Open; from: number; to: number };

/** All that lies in the span, in order of time. */
export function itemsOf(terms: readonly Term[], open: Open | null, span: Window): Item[] {
  const items: Item[] = terms.flatMap((term, index): Item[] => {
    const { before: gap, sequence, owner: after } = term;
    const bar: Item = { kind: "term", term, from: term.from, to: term.to ?? span.to };
    if (gap.cause === "FIRST") return [bar];
    const before = terms[index - 1]?.owner ?? null;
    return [{ kind: "gap", gap, before, after, sequence, from: gap.from, to: gap.to }, bar];
  });
  if (open) items.push({ kind: "open", open, from: open.since, to: span.to });
  return items.filter(({ from, to }) => from <= span.to && to >= span.from);
}

/** Whether the owner gave the group up by plan: no operator has to act on that. */
export const isPlanned = (item: Item): item is Extract<Item, { kind: "gap" }> =>
  item.kind === "gap" && !hadNoOwner(item.gap);

/** Whether nobody owned the group because its owner was lost: in a maintenance nobody may take it over. */
export const hadNoOwner = ({ cause }: Gap): boolean => cause === "OWNER_LOST" || cause === "MAINTENANCE";
