import { describe, expect, it } from "vitest";
import { momentAhead } from "@/shared/plans/moment-field";
import { type Maintenance, plansOf, type Switchover } from "@/shared/plans/plans";

const NOW = Date.parse("2026-01-02T12:45:00Z");
const iso = (inSeconds: number): string => new Date(NOW + inSeconds * 1_000).toISOString();
const maintenance = (service: string, group: string | null, inSeconds: number): Maintenance => ({
  service,
  group,
  until: iso(inSeconds),
  reason: "update",
  by: "user:alice",
  since: iso(-60),
  sequence: 7,
});
const switchover = (group: string, inSeconds: number): Switchover => ({
  service: "desk",
  group,
  to: null,
  at: iso(inSeconds),
  reason: "update",
  by: "user:alice",
  since: iso(-60),
  sequence: 8,
  begunAt: null,
});

describe("what is planned", () => {
  const all = {
    maintenances: [
      maintenance("desk", null, 600),
      maintenance("desk", "A", 60),
      maintenance("other", null, 60),
      maintenance("desk", "B", -1),
    ],
    switchovers: [switchover("A", 900), switchover("B", 30)],
  };
  const said = (service: string | null, group: string | null) => {
    const { maintenances, switchovers } = plansOf(all, { service, group }, NOW);
    return [
      maintenances.map((each) => `${each.service}/${each.group}`),
      switchovers.map((each) => each.group),
    ];
  };

  it("concerns a group by its own name and by its whole service, the soonest end first", () => {
    expect(said("desk", "A")).toEqual([["desk/A", "desk/null"], ["A"]]);
    expect(said("desk", "C")).toEqual([["desk/null"], []]);
  });

  it("of a service is that of all its groups; what has run out is left out", () => {
    expect(said("desk", null)).toEqual([
      ["desk/A", "desk/null"],
      ["B", "A"],
    ]);
    expect(said(null, null)[0]).toHaveLength(3);
  });
});

describe("a moment that lies ahead", () => {
  it("is so long from now, or as written; the past is none", () => {
    expect(momentAhead({ inMs: 60_000, text: "" }, NOW)).toBe(NOW + 60_000);
    expect(momentAhead({ inMs: null, text: "2026-01-02 12:50Z" }, NOW)).toBe(NOW + 300_000);
    expect(momentAhead({ inMs: null, text: "2026-01-02 12:40Z" }, NOW)).toBeNull();
    expect(momentAhead({ inMs: null, text: "soon" }, NOW)).toBeNull();
  });
});
