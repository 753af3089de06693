import { describe, expect, it } from "vitest";
import type { Instance } from "@/features/dashboard/documents";
import { groupLines } from "@/features/dashboard/groups-panel";
import { comparator, matches, toRows, worstFirst } from "@/features/dashboard/select";
import { tally } from "@/features/dashboard/tally";
import { dashboardShape } from "@/features/dashboard/view-state";
import { readUrl } from "@/shared/url/codec";
import { newInstance } from "../mock/fleet";
import { World } from "../mock/world";

const at = "2026-01-02T03:04:05.000Z";
const make = (service: string, name: string, change: Partial<Instance> = {}): Instance => ({
  ...newInstance(service, name, "1.0.0", at, 1),
  defined: true,
  flapping: false,
  legacy: false,
  ...change,
});
const names = (list: readonly Instance[]) => list.map((i) => i.instance);
const view = (search: string) => readUrl(dashboardShape, new URLSearchParams(search));

describe("worst first", () => {
  it("orders by state, then undefined before defined, then by name with numbers as numbers", () => {
    const fleet = [
      make("s", "s-10"),
      make("s", "s-2"),
      make("s", "s-3", { defined: false }),
      make("s", "s-4", { status: "STOPPED" }),
      make("s", "s-5", { status: "UNHEALTHY" }),
      make("s", "s-6", { status: "EXPIRED" }),
      make("s", "s-7", { status: "FAILED" }),
      make("s", "s-8", { status: "STARTING" }),
    ];
    expect(names([...fleet].sort(worstFirst))).toEqual([
      "s-7",
      "s-6",
      "s-5",
      "s-8",
      "s-3",
      "s-2",
      "s-10",
      "s-4",
    ]);
  });

  it("puts what has no figure last when a figure orders", () => {
    const metrics = { inFlight: 0, queueDepth: 0, callsPerSecond: 3, p99Ms: null, calls: 1, errors: 0 };
    const fleet = [make("s", "a"), make("s", "b", { metrics })];
    expect(names([...fleet].sort(comparator("calls", false, new Map())))).toEqual(["b", "a"]);
  });
});

describe("filters", () => {
  const one = make("trading-service", "trading-service-1", {
    groups: [{ group: "ACC-7", term: 3, since: at }],
  });

  it.each([
    ["q=TRADING", true],
    ["q=acc-7", true],
    ["q=market", false],
    ["status=RUNNING", true],
    ["status=FAILED,EXPIRED", false],
    ["service=trading-service", true],
    ["service=trading", false],
    ["leading=1", true],
    ["undefined=1", false],
  ])("%s -> %s", (search, expected) => {
    expect(matches(one, view(search))).toBe(expected);
  });
});

describe("rows", () => {
  it("put each service under one heading, in the order of its first instance", () => {
    const sorted = [make("b", "b-1", { status: "FAILED" }), make("a", "a-1"), make("b", "b-2")];
    const rows = toRows(sorted, false).map((r) =>
      r.kind === "service" ? `${r.service} ${r.count}` : r.instance.instance,
    );
    expect(rows).toEqual(["b 2", "b-1", "b-2", "a 1", "a-1"]);
    expect(toRows(sorted, true)).toHaveLength(3);
  });
});

describe("totals of the mock world", () => {
  it("count instances and groups, and follow a failover", () => {
    const world = new World({ now: () => Date.parse(at) });
    const count = () => tally([...world.instances.values()], [...world.leaders.values()]);
    expect(count()).toMatchObject({
      services: 4,
      instances: 12,
      unhealthy: 1,
      down: 1,
      moving: 2,
      led: 3,
      ownerless: 0,
    });
    world.elect("trading-service", "ACC-1", null, "session expired");
    expect(count()).toMatchObject({ led: 2, ownerless: 1 });
    world.crash("trading-service/trading-service-2");
    expect(count()).toMatchObject({ led: 2, ownerless: 1, unhealthy: 2 });
    expect(world.leaders.get("trading-service/ACC-2")?.term).toBe(2);
  });
});

describe("group lines", () => {
  it("put those without an owner first, and believe the higher term", () => {
    const leaders = [
      {
        id: "s/A",
        service: "s",
        group: "A",
        term: 4,
        instance: "s-1",
        since: at,
        reason: "",
        vacancyMs: null,
      },
      {
        id: "s/B",
        service: "s",
        group: "B",
        term: 2,
        instance: null,
        since: at,
        reason: "",
        vacancyMs: null,
      },
    ];
    const stale = make("s", "s-2", { groups: [{ group: "A", term: 3, since: at }] });
    const fresh = make("s", "s-3", { groups: [{ group: "A", term: 5, since: at }] });
    const lines = (...instances: Instance[]) =>
      groupLines(leaders, instances).map((l) => `${l.group} ${l.owner} ${l.term}`);
    expect(lines(stale)).toEqual(["B null 2", "A s-1 4"]);
    expect(lines(stale, fresh)).toEqual(["B null 2", "A s-3 5"]);
  });
});
