import { describe, expect, it } from "vitest";
import type { Group, GroupUpdate } from "@/features/leadership/documents";
import { takersOf } from "@/features/leadership/takers";
import { applyToGroups, onlyFlapping } from "@/features/leadership/use-group-window";
import { filterOf } from "@/features/leadership/view-state";
import { standbysOf } from "@/shared/members/standbys";

const T = Date.parse("2026-01-02T12:45:00Z");
const iso = (at: number): string => new Date(T + at).toISOString();

describe("the list of groups", () => {
  const group = (name: string, instance: string | null): Group => ({
    id: `desk/${name}`,
    service: "desk",
    group: name,
    term: 1,
    instance,
    since: iso(0),
    reason: "first",
    vacancyMs: null,
  });
  const snapshot: GroupUpdate = {
    __typename: "LeaderSnapshot",
    leaders: [group("A", null), group("B", "desk-1")],
    totalCount: 12,
    ownerless: 1,
  };

  it("is a window that the server keeps in order", () => {
    const first = applyToGroups(null, snapshot, 0);
    const delta: GroupUpdate = {
      __typename: "LeaderDelta",
      changed: [group("A", "desk-2")],
      removed: [],
      order: ["desk/B", "desk/A"],
      totalCount: 12,
      ownerless: 0,
    };
    const next = applyToGroups(first, delta, 0);
    expect(next?.rows.map((each) => [each.group, each.instance])).toEqual([
      ["B", "desk-1"],
      ["A", "desk-2"],
    ]);
    expect([next?.ownerless, applyToGroups(null, delta, 0)]).toEqual([0, null]);
  });

  it("has those that flap out of those that changed", () => {
    const page = applyToGroups(null, snapshot, 0);
    const day = new Map([["desk/B", { changes: 3, longestGapMs: 9, flapping: true }]]);
    expect(page && onlyFlapping(page, day)).toMatchObject({ rows: [{ group: "B" }], total: 1, ownerless: 0 });
  });

  it("is filtered by the server", () => {
    expect(filterOf({ q: "ACC", service: "", team: "", preset: "ownerless" }, T)).toEqual({
      text: "ACC",
      ownerless: true,
    });
    expect(filterOf({ q: "", service: "desk", team: "Rates", preset: "changed" }, T)).toEqual({
      service: "desk",
      team: "Rates",
      changedSince: iso(-3_600_000),
    });
  });
});

describe("who stands by for a group", () => {
  const member = (instance: string, status: "RUNNING" | "UNHEALTHY", owner = false) => ({
    instance,
    status,
    owner,
  });

  it("are those that run, in the order of their claims", () => {
    const members = [
      member("desk-3", "RUNNING"),
      member("desk-1", "RUNNING", true),
      member("desk-2", "RUNNING"),
      member("desk-5", "RUNNING"),
      member("desk-4", "UNHEALTHY"),
    ];
    expect(standbysOf({ id: "desk/A", declared: true, memberCount: 7, members })).toEqual({
      names: ["desk-3", "desk-2"],
      more: 3,
      title: "In the order of their claims: desk-3, desk-2, desk-5; not now: desk-4 (unhealthy); and 2 more.",
    });
  });

  it("are nobody where only the owner runs", () => {
    const members = [member("desk-1", "RUNNING", true)];
    expect(standbysOf({ id: "desk/A", declared: false, memberCount: 1, members })).toEqual({
      names: [],
      more: 0,
      title: "Nobody stands by for it; it is opened on demand, and a member may refuse it.",
    });
  });
});

describe("who could take a group over", () => {
  const running = (instance: string, standsFor: string[] = []) => ({
    instance,
    status: "RUNNING" as const,
    standsFor,
  });

  it("is whoever stands for it, with what it has to do already", () => {
    const candidates = [
      { instance: "desk-1", groups: 2, inFlight: 1 },
      { instance: "desk-2", groups: 1, inFlight: 0 },
    ];
    expect(takersOf(candidates, [running("desk-3")], "desk-1")).toEqual([
      { instance: "desk-2", load: "owner of 1 group, 0 calls in flight" },
    ]);
  });

  it("is whoever runs, where groups are opened on demand", () => {
    const members = [running("desk-1"), running("desk-2"), running("desk-3", ["B"])];
    expect(takersOf([], members, "desk-1").map(({ instance }) => instance)).toEqual(["desk-2"]);
    expect(takersOf([], [running("desk-1")], "desk-1")).toEqual([]);
  });
});
