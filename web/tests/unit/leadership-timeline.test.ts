import { describe, expect, it } from "vitest";
import type { LeadershipEvent, Member, TermNode } from "@/features/leadership/documents";
import { statisticsOf } from "@/features/leadership/statistics";
import { termsFrom } from "@/features/leadership/terms";
import { extentOf, THIN_PX } from "@/features/leadership/timeline/geometry";
import { nextItem, otherLane } from "@/features/leadership/timeline/keys";
import { standbyOf } from "@/features/leadership/timeline/lane-row";
import { itemsOf, lanesOf } from "@/features/leadership/timeline/lanes";
import { gapWords, summaryOf } from "@/features/leadership/timeline/say";
import { scaleOf } from "@/features/leadership/timeline/scale";
import { ticksOf } from "@/features/leadership/timeline/ticks";

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
      "at most 1.01 s no owner · owner lost",
      "⇄ handover, stepped down by user:alice, 8 ms",
    ]);
    const [, paused] = termsFrom([
      log[0] as TermNode,
      node(42, "desk-2", 9_000, { cause: "MAINTENANCE", gapMs: 22_260 }),
    ]).terms;
    expect(paused && gapWords(paused.before)).toBe("at most 22 s no owner · maintenance");
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

describe("the drawing", () => {
  const { terms, open } = termsFrom(log);
  const span = { from: T, to: T + 60_000 };
  const scale = scaleOf(span, [], 100, 600, false);

  it("draws what is too short to be seen wider, and says so", () => {
    const brief = extentOf({ from: T + 30_000, to: T + 30_040 }, scale, span);
    expect([brief.wide, brief.thin, brief.right]).toEqual([THIN_PX, true, scale.x(T + 30_040)]);
    const first = extentOf({ from: T, to: T + 40 }, scale, span);
    expect([first.left, first.thin]).toEqual([100, true]);
    expect(extentOf({ from: T, to: T + 20_000 }, scale, span)).toMatchObject({ wide: 200, thin: false });
  });

  it("has dots only while a member does not own the group", () => {
    const own = terms.filter(({ owner }) => owner === "desk-2");
    expect(standbyOf(own, span)).toEqual([
      { from: T, to: T + 19_010 },
      { from: T + 40_010, to: T + 60_000 },
    ]);
  });

  it("is walked by keys: along the time, and from lane to lane", () => {
    const items = itemsOf(terms, open, span);
    expect([nextItem(items, null, -1), nextItem(items, 0, -1), nextItem(items, 4, 1)]).toEqual([4, 0, 4]);
    const owners = ["desk-1", "desk-2", "desk-4"];
    expect([
      otherLane(items, owners, 0, 1),
      otherLane(items, owners, 2, 1),
      otherLane(items, owners, 4, 1),
    ]).toEqual([2, 4, 4]);
  });

  it("is summed up in words", () => {
    expect(summaryOf(itemsOf(terms, open, span))).toBe("3 terms, 1 loss, 1 handover in this time");
  });

  it("has round moments on its axis, none twice, and none where a label has no room", () => {
    const piece = { from: T + 300, to: T + 60_000, left: 0, right: 600, folded: false };
    expect(ticksOf(piece).map(({ at }) => (at - T) / 1_000)).toEqual([10, 20, 30, 40, 50]);
    const close = ticksOf({ ...piece, to: T + 2_300 });
    expect(close.map(({ at, fine }) => [at - T, fine])).toEqual(
      [
        [500, true],
        [1_000, true],
        [1_500, true],
        [2_000, true],
      ].filter(([at]) => Number(at) > 300 + 2_000 * (52 / 600) && Number(at) < 2_300 - 2_000 * (52 / 600)),
    );
    expect(ticksOf({ ...piece, right: 40 })).toEqual([]);
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
