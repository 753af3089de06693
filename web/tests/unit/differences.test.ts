import { describe, expect, it } from "vitest";
import { differencesBetween } from "@/app/replay/differences";

type Registry = Parameters<typeof differencesBetween>[0];
const registry = (change: Partial<Registry>): Registry => ({
  asOfSequence: 1,
  instances: { nodes: [] },
  leaders: { nodes: [] },
  definitions: { nodes: [] },
  ...change,
});

describe("two moments", () => {
  it("differ in what came, what went and what changed", () => {
    const earlier = registry({
      instances: {
        nodes: [
          { id: "desk/1", status: "RUNNING", version: "1.0.0" },
          { id: "desk/2", status: "RUNNING", version: "1.0.0" },
        ],
      },
      leaders: { nodes: [{ id: "desk/A", instance: "1", term: 1 }] },
    });
    const later = registry({
      instances: { nodes: [{ id: "desk/1", status: "UNHEALTHY", version: "1.0.0" }] },
      leaders: { nodes: [{ id: "desk/A", instance: null, term: 1 }] },
      definitions: { nodes: [{ service: "desk", revision: 1, status: "ACTIVE" }] },
    });
    expect(
      differencesBetween(earlier, later).map(({ name, before, after }) => [name, before, after]),
    ).toEqual([
      ["desk/1", "running, 1.0.0", "unhealthy, 1.0.0"],
      ["desk/2", "running, 1.0.0", "—"],
      ["desk/A", "1, term 1", "no owner, term 1"],
      ["desk", "—", "revision 1, active"],
    ]);
    expect(differencesBetween(later, later)).toEqual([]);
  });
});
