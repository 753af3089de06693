import { describe, expect, it } from "vitest";
import { changedGroups } from "@/features/overview/changed-groups";
import type { ServiceNode } from "@/features/overview/documents";
import { isBad, rollupOf, worstFirst } from "@/features/overview/rollups";
import { foldRuns } from "@/shared/events/fold";
import { World } from "../mock/world";

const node = (name: string, statuses: string[], change: Partial<ServiceNode> = {}): ServiceNode => ({
  name,
  definition: null,
  versions: ["1.0.0"],
  p99Ms: null,
  callsPerSecond: null,
  errorPercent: null,
  instances: statuses.map((status) => ({ status })) as ServiceNode["instances"],
  leaders: [],
  ...change,
});
const definition = {
  status: "ACTIVE",
  minInstances: 3,
  maxInstances: null,
  registration: "OPEN",
  version: "1.0.0",
} as const;

describe("a service as one line", () => {
  it("takes one who is gone for bad only while it lacks it", () => {
    expect(rollupOf(node("a", ["RUNNING", "RUNNING", "EXPIRED"], { definition })).worst).toBe("EXPIRED");
    const enough = rollupOf(node("a", ["RUNNING", "RUNNING", "RUNNING", "EXPIRED"], { definition }));
    expect([enough.worst, enough.belowMinimum, isBad(enough)]).toEqual(["RUNNING", false, false]);
    expect(rollupOf(node("a", ["STOPPED", "RUNNING"])).worst).toBe("RUNNING");
    expect(rollupOf(node("a", ["STOPPED"])).worst).toBe("STOPPED");
  });

  it("says what differs from its definition", () => {
    const drifted = rollupOf(node("a", ["RUNNING"], { definition, versions: ["1.0.0", "1.1.0"] }));
    expect([drifted.drift, drifted.belowMinimum]).toEqual(["1.0.0", true]);
    const retired = rollupOf(node("a", ["RUNNING"], { definition: { ...definition, status: "RETIRED" } }));
    expect([retired.minimum, retired.drift, retired.belowMinimum]).toEqual([null, null, false]);
  });

  it("stands before the fine ones when somebody is needed", () => {
    const rows = [
      node("fine", ["RUNNING"]),
      node("starting", ["STARTING"]),
      node("failed", ["RUNNING", "FAILED"]),
      node("ownerless", ["RUNNING"], { leaders: [{ instance: null }] }),
    ].map(rollupOf);
    expect(rows.sort(worstFirst).map(({ service }) => service)).toEqual([
      "failed",
      "ownerless",
      "starting",
      "fine",
    ]);
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
