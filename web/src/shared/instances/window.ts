import { highest, type Whole } from "@/shared/graphql/exact";
import type { InstanceStatus } from "@/shared/status/status";
import type { InstanceRowOf, InstanceUpdate } from "./documents";

/** One page of a list as the server keeps it. Rows are never changed in place, so that one that stands keeps its identity. */
export interface Page {
  rows: readonly InstanceRowOf[];
  total: number;
  counts: ReadonlyMap<InstanceStatus, number>;
  asOf: Whole;
}

type Counts = readonly { status: InstanceStatus; count: Whole }[];

const countsOf = (counts: Counts): Page["counts"] =>
  new Map(counts.map(({ status, count }) => [status, Number(count)]));

export function applyToPage(page: Page | null, update: InstanceUpdate): Page | null {
  if (update.__typename === "InstanceSnapshot") {
    const { instances, totalCount, counts, asOfSequence } = update;
    return { rows: instances, total: Number(totalCount), counts: countsOf(counts), asOf: asOfSequence };
  }
  if (page === null) return null;
  const rows = new Map(page.rows.map((row) => [row.id, row]));
  for (const id of update.removed) rows.delete(id);
  for (const row of update.changed) rows.set(row.id, row);
  const ordered = update.order
    ? update.order.map((id) => rows.get(id)).filter((row) => row !== undefined)
    : [...rows.values()];
  return {
    rows: ordered,
    total: Number(update.totalCount),
    counts: update.newCounts ? countsOf(update.newCounts) : page.counts,
    asOf: highest(page.asOf, update.asOfSequence),
  };
}
