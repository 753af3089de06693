import type { Content } from "./content";
import type { Revision } from "./documents";
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
