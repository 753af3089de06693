import { describe, expect, it } from "vitest";
import type { Group, LeadershipEvent } from "@/features/leadership/documents";
import { itemsOf, lanesOf } from "@/features/leadership/lanes";
import { gapWords } from "@/features/leadership/say";
import { scaleOf } from "@/features/leadership/scale";
import { select } from "@/features/leadership/select";
import { quantile, statisticsOf } from "@/features/leadership/statistics";
import { termsOf } from "@/features/leadership/terms";

const T = Date.parse("2026-01-02T12:45:00Z");
let sequence = 0;
const event = (at: number, type: string, data: object, actor = "sdk:desk"): LeadershipEvent => ({
  sequence: ++sequence,
  type: `aegis.leadership.${type}.v1`,
  aggregate: "leadership.desk.A",
  service: "desk",
  time: new Date(T + at).toISOString(),
  actor,
  summary: "",
  data,
});
const elected = (at: number, instance: string, term: number, reason: string, vacancy_ms?: number) =>
  event(at, "leader_elected", { instance, term, reason, ...(vacancy_ms !== undefined && { vacancy_ms }) });

const log = [
  elected(0, "desk-1", 41, "first"),
  // Loss and election bear one stamp.
  event(19_010, "leader_lost", { instance: "desk-1", term: 41 }),
  elected(19_010, "desk-2", 42, "owner_lost", 1_010),
  event(40_000, "step_down_requested", { term: 42, reason: "rebalance" }, "user:alice"),
  event(40_010, "leader_resigned", { instance: "desk-2", term: 42, reason: "stepped down" }),
  elected(40_018, "desk-4", 43, "owner_resigned", 8),
];

describe("the terms of a group", () => {
  const { terms, open } = termsOf(log);

  it("end where the measured gap begins, which ends at the election", () => {
    expect(terms.map(({ term, owner }) => [term, owner])).toEqual([
      [41, "desk-1"],
      [42, "desk-2"],
      [43, "desk-4"],
    ]);
    const gap = terms[1]?.before;
    expect([gap?.from, gap?.to, gap?.measuredMs]).toEqual([T + 18_000, T + 19_010, 1_010]);
    expect(terms[0]?.to).toBe(T + 18_000);
    expect([terms[2]?.to, open]).toEqual([null, null]);
  });

  it("know their cause, and who asked for a step-down", () => {
    expect(terms.map(({ before }) => before?.cause)).toEqual(["first", "lost", "stepped down"]);
    expect([terms[2]?.before?.by, terms[2]?.before?.reason]).toEqual(["user:alice", "rebalance"]);
    expect(terms[1]?.askedAt).toBe(T + 40_000);
  });

  it("say a gap that nobody measured as such", () => {
    const unmeasured = termsOf([elected(0, "a", 1, "first"), elected(9_000, "b", 2, "owner_lost")]);
    expect(unmeasured.terms[1]?.before?.measuredMs).toBeNull();
    expect(unmeasured.terms[0]?.to).toBe(T + 9_000);
  });

  it("are open while nobody has come after a loss", () => {
    const lost = termsOf([...log.slice(0, 1), event(5_000, "leader_lost", { instance: "desk-1", term: 41 })]);
    expect(lost.open).toMatchObject({ since: T + 5_000, cause: "lost" });
    expect(lost.terms[0]?.to).toBe(T + 5_000);
  });

  it("are said in the words of operators", () => {
    const words = terms.flatMap(({ before }) => (before ? [gapWords(before)] : []));
    expect(words[1]).toBe("1.01 s no owner · owner lost");
    expect(words[2]).toBe("⇄ handover, stepped down by user:alice, 8 ms");
  });
});

describe("the lanes", () => {
  const { terms, open } = termsOf(log);
  const span = { from: T - 1_000, to: T + 60_000 };
  const member = (instance: string) => ({
    instance,
    status: "RUNNING" as const,
    registeredAt: new Date(T).toISOString(),
    lastBeatAt: null,
    groups: [],
  });

  it("stand in order of first ownership, then those who never owned it", () => {
    const { lanes, folded } = lanesOf(terms, ["desk-3", "desk-2", "desk-1"].map(member), span);
    expect(lanes.map(({ instance }) => instance)).toEqual(["desk-1", "desk-2", "desk-4", "desk-3"]);
    expect(lanes[2]?.member).toBeNull();
    expect(folded).toBe(0);
  });

  it("fold those beyond twelve who never owned it", () => {
    const many = Array.from({ length: 30 }, (_, n) => member(`other-${n}`));
    const { lanes, folded } = lanesOf(terms, many, span);
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
  it("is counted by cause, with what recovery took", () => {
    const day = statisticsOf(log);
    expect([day.changes, day.lost, day.planned]).toEqual([2, 1, 1]);
    expect([day.recoveryP50Ms, day.handoverP99Ms]).toEqual([1_010, 8]);
    expect(day.groups.get("desk/A")).toMatchObject({ changes: 2, longestGapMs: 1_010, flapping: false });
  });

  it("calls a group flapping that changed three times within an hour", () => {
    const flaps = [0, 1, 2, 3].map((n) =>
      elected(n * 60_000, `desk-${n}`, n + 1, n === 0 ? "first" : "owner_lost", 900),
    );
    expect(statisticsOf(flaps).groups.get("desk/A")?.flapping).toBe(true);
  });

  it("has quantiles that are values of it", () => {
    expect([quantile([3, 1, 2], 0.5), quantile([3, 1, 2], 0.99), quantile([], 0.5)]).toEqual([2, 3, null]);
  });
});

describe("the list of groups", () => {
  const group = (name: string, instance: string | null): Group => ({
    id: `desk/${name}`,
    service: "desk",
    group: name,
    term: 1,
    instance,
    since: new Date(T).toISOString(),
    reason: "first",
    vacancyMs: null,
  });
  const all = [group("B", "desk-1"), group("A10", "desk-2"), group("A9", null)];
  const names = (q: string, preset: "all" | "ownerless" | "changed") =>
    select(all, null, { q, preset }, T).map((each) => each.group);

  it("has those without owner first, then goes by name", () => {
    expect(names("", "all")).toEqual(["A9", "A10", "B"]);
    expect(names("desk-1", "all")).toEqual(["B"]);
    expect(names("", "ownerless")).toEqual(["A9"]);
    expect(names("", "changed")).toEqual([]);
  });
});
