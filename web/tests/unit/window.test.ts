import { describe, expect, it } from "vitest";
import type { InstanceRowOf, InstanceUpdate } from "@/shared/instances/documents";
import { applyToPage } from "@/shared/instances/window";
import { World } from "../mock/world";

const all: InstanceRowOf[] = [...new World().instances.values()];
const [a, b, c] = all as [InstanceRowOf, InstanceRowOf, InstanceRowOf];
const ids = (page: { rows: readonly InstanceRowOf[] } | null) => page?.rows.map(({ id }) => id);

const snapshot: InstanceUpdate = {
  __typename: "InstanceSnapshot",
  instances: [a, b],
  totalCount: 12,
  counts: [{ status: "RUNNING", count: 12 }],
  asOfSequence: 7,
};
const delta = (
  change: Partial<Extract<InstanceUpdate, { __typename: "InstanceDelta" }>>,
): InstanceUpdate => ({
  __typename: "InstanceDelta",
  changed: [],
  removed: [],
  order: null,
  totalCount: 12,
  newCounts: null,
  asOfSequence: 8,
  ...change,
});

describe("one page of a list that the server keeps", () => {
  const first = applyToPage(null, snapshot);

  it("begins with a snapshot; before one, changes mean nothing", () => {
    expect(ids(first)).toEqual([a.id, b.id]);
    expect([first?.total, first?.counts.get("RUNNING"), first?.asOf]).toEqual([12, 12, 7]);
    expect(applyToPage(null, delta({}))).toBeNull();
  });

  it("changes a row in its place, and keeps the identity of the others", () => {
    const changed = { ...b, status: "FAILED" as const };
    const next = applyToPage(first, delta({ changed: [changed] }));
    expect(next?.rows).toEqual([a, changed]);
    expect(next?.rows[0]).toBe(a);
    expect(next?.counts.get("RUNNING")).toBe(12);
  });

  it("takes rows out, puts others in, and follows the order of the server", () => {
    const next = applyToPage(
      first,
      delta({ changed: [c], removed: [a.id], order: [c.id, b.id], totalCount: 11 }),
    );
    expect(ids(next)).toEqual([c.id, b.id]);
    expect(next?.total).toBe(11);
  });
});
