import { describe, expect, it } from "vitest";
import type { Group, GroupUpdate, LeadershipEvent, Member, TermNode } from "@/features/leadership/documents";
import { itemsOf, lanesOf } from "@/features/leadership/lanes";
import { gapWords } from "@/features/leadership/say";
import { scaleOf } from "@/features/leadership/scale";
import { statisticsOf } from "@/features/leadership/statistics";
import { termsFrom } from "@/features/leadership/terms";
import { applyToGroups } from "@/features/leadership/use-group-window";
import { filterOf } from "@/features/leadership/view-state";

const T = Date.parse("2026-01-02T12:45:00Z");
const iso = (at: number): string => new Date(T + at).toISOString();
const node = (term: number, owner: string, from: number, change: Partial<TermNode>): TermNode => ({
  term,
  owner,
  from: iso(from),
  to: null,
  ending: null,
  gapMs: null,
  cause: "OWNER_LOST",
  by: null,
  reason: null,
  electedSequence: term * 10,
  endedSequence: null,
  ...change,
});

const log = [
  // Loss and election bear one stamp.
  node(41, "desk-1", 0, { cause: "FIRST", to: iso(19_010), ending: "LOST", endedSequence: 411 }),
  node(42, "desk-2", 19_010, { gapMs: 1_010, to: iso(40_010), ending: "RESIGNED", endedSequence: 421 }),
  node(43, "desk-4", 40_018, { cause: "STEPPED_DOWN", gapMs: 8, by: "user:alice", reason: "rebalance" }),
];

describe("the terms of a group", () => {
  const { terms, open } = termsFrom(log);

  it("end where the measured gap begins, which ends at the election", () => {
    const gap = terms[1]?.before;
    expect([gap?.from, gap?.to, gap?.measuredMs]).toEqual([T + 18_000, T + 19_010, 1_010]);
    expect(terms.map(({ to }) => to)).toEqual([T + 18_000, T + 40_010, null]);
    expect(open).toBeNull();
  });

  it("know whose owner was lost, and who was asked to go", () => {
    expect(terms.map(({ lost }) => lost)).toEqual([true, false, false]);
    expect(terms.map(({ asked }) => asked)).toEqual([false, true, false]);
  });

  it("are open while nobody has come", () => {
    const lost = termsFrom(log.slice(0, 1));
    expect(lost.open).toEqual({ since: T + 19_010, lost: true, sequence: 411 });
  });

  it("are said in the words of operators", () => {
    expect(terms.map(({ before }) => gapWords(before)).slice(1)).toEqual([
      "1.01 s no owner · owner lost",
      "⇄ handover, stepped down by user:alice, 8 ms",
    ]);
    const [, unmeasured] = termsFrom([log[0] as TermNode, node(42, "desk-2", 9_000, {})]).terms;
    expect(unmeasured && gapWords(unmeasured.before)).toBe("gap not measured · owner lost");
  });
});

describe("the lanes", () => {
  const { terms, open } = termsFrom(log);
  const span = { from: T - 1_000, to: T + 60_000 };
  const member = (instance: string, standsFor: string[] = []): Member => ({
    instance,
    status: "RUNNING",
    registeredAt: iso(0),
    lastBeatAt: null,
    standsFor,
  });

  it("stand in order of first ownership, then those who stand for the group", () => {
    const { lanes, folded } = lanesOf(
      "A",
      terms,
      ["desk-3", "desk-2", "desk-1"].map((name) => member(name)),
      span,
    );
    expect(lanes.map(({ instance }) => instance)).toEqual(["desk-1", "desk-2", "desk-4", "desk-3"]);
    expect(lanes[2]?.member).toBeNull();
    expect(folded).toBe(0);
    const declared = [member("desk-1", ["A"]), member("desk-2", ["A"]), member("desk-9", ["B"])];
    expect(lanesOf("A", terms, declared, span).lanes.map(({ instance }) => instance)).not.toContain("desk-9");
  });

  it("fold those beyond twelve who never owned it", () => {
    const many = Array.from({ length: 30 }, (_, n) => member(`other-${n}`));
    const { lanes, folded } = lanesOf("A", terms, many, span);
    expect(lanes).toHaveLength(11);
    expect(folded).toBe(22);
  });

  it("have each bar and each gap once, in order", () => {
    expect(itemsOf(terms, open, span).map(({ kind }) => kind)).toEqual([
      "term",
      "gap",
      "term",
      "gap",
      "term",
    ]);
    expect(itemsOf(terms, open, { from: T + 50_000, to: T + 60_000 }).map(({ kind }) => kind)).toEqual([
      "term",
    ]);
  });
});

describe("the time axis", () => {
  it("is even where things happen", () => {
    const { pieces, x } = scaleOf({ from: 0, to: 100_000 }, [{ from: 40_000, to: 60_000 }], 10, 100, true);
    expect(pieces).toHaveLength(1);
    expect([x(0), x(50_000), x(100_000)]).toEqual([10, 60, 110]);
  });

  it("folds quiet times where they are nearly all there is, and keeps the order", () => {
    const span = { from: 0, to: 7_200_000 };
    const { pieces, x } = scaleOf(span, [{ from: 3_600_000, to: 3_601_000 }], 0, 1_000, true);
    expect(pieces.map(({ folded }) => folded)).toEqual([true, false, true, false]);
    expect(pieces.at(-1)?.right).toBeCloseTo(1_000);
    expect(x(3_600_500) - x(3_600_000)).toBeGreaterThan(10);
    expect(scaleOf(span, [{ from: 3_600_000, to: 3_601_000 }], 0, 1_000, false).pieces).toHaveLength(1);
  });
});

describe("a day of changes", () => {
  const elected = (at: number, reason: string, vacancy_ms?: number): LeadershipEvent => ({
    sequence: at,
    type: "aegis.leadership.leader_elected.v1",
    aggregate: "leadership.desk.A",
    service: "desk",
    time: iso(at),
    actor: "sdk:desk",
    summary: "",
    data: { instance: "desk-1", reason, ...(vacancy_ms !== undefined && { vacancy_ms }) },
  });

  it("counts what is no first owner, with the longest gap", () => {
    const day = statisticsOf([
      elected(0, "first"),
      elected(1, "owner_lost", 1_010),
      elected(2, "owner_resigned", 8),
    ]);
    expect(day.get("desk/A")).toEqual({ changes: 2, longestGapMs: 1_010, flapping: false });
  });

  it("calls a group flapping that changed three times within an hour", () => {
    const flaps = [0, 1, 2].map((n) => elected(n * 60_000, "owner_lost", 900));
    expect(statisticsOf(flaps).get("desk/A")?.flapping).toBe(true);
  });
});

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

  it("is filtered by the server", () => {
    expect(filterOf({ q: "ACC", service: "", preset: "ownerless" }, T)).toEqual({
      text: "ACC",
      ownerless: true,
    });
    expect(filterOf({ q: "", service: "desk", preset: "changed" }, T)).toEqual({
      service: "desk",
      changedSince: iso(-3_600_000),
    });
  });
});
