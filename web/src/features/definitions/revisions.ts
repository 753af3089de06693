import type { Whole } from "@/shared/graphql/exact";
import { type Content, contentOf } from "./content";
import type { Definition, Revision } from "./documents";
import { contentFrom, linesOf } from "./fields";

/**
 * The content as it stood at a revision: the present one with the changes of all later revisions undone. `history` comes
 * newest first. Null where it does not reach back so far.
 */
export function contentAt(
  present: Content,
  history: readonly Pick<Revision, "revision" | "changes">[],
  revision: number,
): Content | null {
  if (!history.some((each) => Number(each.revision) === revision)) return null;
  const lines = new Map(linesOf(present));
  for (const later of history) {
    if (Number(later.revision) <= revision) break;
    for (const { field, before } of later.changes) {
      if (field === "status") continue;
      if (before === null) lines.delete(field);
      else lines.set(field, before);
    }
  }
  return contentFrom(lines);
}

/** The last revision that was made by then, by its event; null where there was none yet. */
export function revisionBy<R extends Pick<Revision, "sequence">>(
  history: readonly R[],
  sequence: Whole,
): R | null {
  return history.find((each) => each.sequence <= sequence) ?? null;
}

/** The definition as it stood after the event with this sequence; null where there was none, or none is known. */
export function definitionAt(
  present: Definition,
  history: readonly Revision[],
  sequence: Whole,
): Definition | null {
  const made = revisionBy(history, sequence);
  const content = made && contentAt(contentOf(present), history, Number(made.revision));
  if (!made || !content) return null;
  return {
    ...present,
    ...content,
    failover: content.failover && { ...content.failover, leaseMs: content.failover.leaseMs ?? 0 },
    status: made.action === "RETIRED" ? "RETIRED" : "ACTIVE",
    revision: made.revision,
    updatedAt: made.at,
    updatedBy: made.by,
    asOfSequence: made.sequence,
  };
}
