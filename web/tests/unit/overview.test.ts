import { describe, expect, it } from "vitest";
import { changedGroups } from "@/features/overview/changed-groups";
import { isBad, rollupOfSummary } from "@/features/overview/rollups";
import { foldRuns } from "@/shared/events/fold";
import type { Summary } from "@/shared/services/documents";
import type { InstanceStatus } from "@/shared/status/status";
import { worstOf } from "@/shared/status/worst";
import { World } from "../mock/world";

const summary = (over: Partial<Summary> = {}): Summary => ({
  name: "desk",
  definition: null,
  counts: [{ status: "RUNNING", count: 2 }],
  instances: 2,
  worst: "RUNNING",
  since: null,
  reason: null,
  instance: null,
  flapping: 0,
  belowMinimum: false,
  versionDrift: false,
  groups: 3,
  ownerless: 0,
  versions: [{ version: "1.0.0" }],
  minute: null,
  ...over,
});

describe("a service as one line", () => {
  it("takes one who is gone for bad only while it lacks it", () => {
    const counts = (...pairs: [InstanceStatus, number][]) => new Map(pairs);
    expect(worstOf(counts(["RUNNING", 2], ["EXPIRED", 1]), 3)).toBe("EXPIRED");
    expect(worstOf(counts(["RUNNING", 3], ["EXPIRED", 1]), 3)).toBe("RUNNING");
    expect(worstOf(counts(["STOPPED", 1], ["RUNNING", 1]), null)).toBe("RUNNING");
    expect(worstOf(counts(["STOPPED", 1]), null)).toBe("STOPPED");
  });

  it("says what differs from its definition, and of the past no figures", () => {
    const definition = { version: "1.1.0", minInstances: 3, registration: "OPEN" as const };
    const rollup = rollupOfSummary(summary({ definition, versionDrift: true, belowMinimum: true }));
    expect([rollup.drift, rollup.minimum, rollup.running]).toEqual(["1.1.0", 3, 2]);
    expect([rollup.p99Ms, rollup.callsPerSecond, rollup.errorPercent]).toEqual([null, null, null]);
  });

  it("needs somebody when it is not well, lacks instances, or a group has no owner", () => {
    const needs = (over: Partial<Summary>) => isBad(rollupOfSummary(summary(over)));
    expect(needs({})).toBe(false);
    expect(needs({ worst: "FAILED" })).toBe(true);
    expect(needs({ belowMinimum: true })).toBe(true);
    expect(needs({ ownerless: 1 })).toBe(true);
  });
});

describe("the feed", () => {
  it("folds a run of one type and service into one line, newest on top", () => {
    const world = new World({ troubled: false });
    for (let n = 0; n < 50; n++) world.register("fleet", `fleet-${n}`, "1.0.0");
    const lines = foldRuns(world.events);
    expect(lines[0]).toMatchObject({ count: 50 });
    expect([lines[0]?.names[0], lines[0]?.names.at(-1)]).toEqual(["fleet-0", "fleet-49"]);
    expect(lines.reduce((sum, line) => sum + line.count, 0)).toBe(world.events.length);
  });
});

describe("groups that changed", () => {
  it("are told with their last owner, the newest first", () => {
    const world = new World({ now: () => 1_000_000 });
    world.elect("trading-service", "ACC-1", "trading-service-3", "owner_lost");
    const found = changedGroups(world.events, 1_000_500);
    expect(found[0]).toMatchObject({ group: "ACC-1", owner: "trading-service-3", term: 2 });
    expect(found.filter(({ group }) => group === "ACC-1")).toHaveLength(1);
    expect(changedGroups(world.events, 1_000_000 + 601_000)).toEqual([]);
  });
});
