import { describe, expect, it } from "vitest";
import { cutOf, differencesBetween, tally } from "@/app/replay/differences";
import { turn } from "@/app/replay/player";
import type { Event } from "@/shared/events/documents";

type Registry = Parameters<typeof differencesBetween>[0];
const registry = (change: Partial<Registry>): Registry => ({
  asOfSequence: 1,
  instances: { nodes: [], totalCount: 0 },
  leaders: { nodes: [], totalCount: 0 },
  definitions: { nodes: [], totalCount: 0 },
  maintenances: [],
  switchovers: [],
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
        totalCount: 2,
      },
      leaders: { nodes: [{ id: "desk/A", instance: "1", term: 1 }], totalCount: 1 },
    });
    const later = registry({
      instances: { nodes: [{ id: "desk/1", status: "UNHEALTHY", version: "1.0.0" }], totalCount: 1_200 },
      leaders: { nodes: [{ id: "desk/A", instance: null, term: 1 }], totalCount: 1 },
      definitions: { nodes: [{ service: "desk", revision: 1, status: "ACTIVE" }], totalCount: 1 },
      maintenances: [{ service: "desk", group: null, until: "2026-01-02T12:00:00Z" }],
      switchovers: [{ service: "desk", group: "A", to: "2", at: "2026-01-03T12:00:00Z", begunAt: null }],
    });
    expect(
      differencesBetween(earlier, later).map(({ name, how, before, after }) => [name, how, before, after]),
    ).toEqual([
      ["desk/1", "changed", "running, 1.0.0", "unhealthy, 1.0.0"],
      ["desk/2", "removed", "running, 1.0.0", "—"],
      ["desk/A", "changed", "1, term 1", "no owner, term 1"],
      ["desk", "added", "—", "revision 1, active"],
      ["desk", "added", "—", "until 2026-01-02T12:00:00Z"],
      ["desk/A", "added", "—", "planned for 2026-01-03T12:00:00Z, to 2"],
    ]);
    expect(differencesBetween(later, later)).toEqual([]);
    expect(tally(differencesBetween(earlier, later))).toBe(
      "2 instances, 1 term, 1 definition, 1 maintenance, 1 switchover differ",
    );
    expect(tally([])).toBe("nothing differs");
    expect(cutOf(earlier, later)).toEqual(["instances"]);
  });
});

describe("playing", () => {
  const event = (second: number, type = "aegis.instance.registered.v1"): Event =>
    ({ sequence: second, type, recordedAt: new Date(second * 1_000).toISOString() }) as Event;
  const ahead = [event(1), event(2), event(3, "aegis.leadership.leader_lost.v1"), event(4)];
  const shown = (turned: ReturnType<typeof turn>) => [
    turned.shown?.sequence,
    turned.ahead.length,
    turned.stop,
  ];

  it("goes event by event, whatever the time between them", () => {
    expect(shown(turn(ahead, "events", 0, false))).toEqual([1, 3, false]);
    expect(shown(turn([], "events", 0, false))).toEqual([undefined, 0, false]);
  });

  it("goes by the clock of the past", () => {
    expect(shown(turn(ahead, 10, 500, false))).toEqual([undefined, 4, false]);
    expect(shown(turn(ahead, 10, 2_000, false))).toEqual([2, 2, false]);
    expect(shown(turn(ahead, 10, 9_000, false))).toEqual([4, 0, false]);
  });

  it("stops at what is of note", () => {
    expect(shown(turn(ahead, 10, 9_000, true))).toEqual([3, 1, true]);
    expect(shown(turn(ahead, "events", 0, true))).toEqual([1, 3, false]);
  });
});
