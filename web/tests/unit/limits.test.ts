import { describe, expect, it } from "vitest";
import { attentionOf } from "@/shared/attention/attention";
import { beyondOf, breachesOf } from "@/shared/limits/breaches";
import { lasting, limitsOf, noLimits, overErrors, overP99 } from "@/shared/limits/limits";
import { beyondSince, hourOf, sinceOf } from "@/shared/limits/since";
import { chartsOf } from "@/shared/metrics/charts";

describe("the limits of definitions", () => {
  const limits = limitsOf([
    { service: "desk", status: "ACTIVE", p99LimitMs: 50, errorLimitPercent: null },
    { service: "gone", status: "RETIRED", p99LimitMs: 1, errorLimitPercent: 1 },
    { service: "free", status: "ACTIVE", p99LimitMs: null, errorLimitPercent: null },
  ]);

  it("hold for definitions in use that set one", () => {
    expect([...limits.keys()]).toEqual(["desk"]);
  });

  it("are all that makes a figure too high", () => {
    const desk = limits.get("desk") ?? noLimits;
    expect(overP99(desk, 74)).toBe("over the limit of 50 ms");
    expect([overP99(desk, 50), overP99(desk, null), overErrors(desk, 99), overP99(noLimits, 9_999)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(overErrors({ p99Ms: null, errorPercent: 0.5 }, 1.2)).toBe("over the limit of 0.50 %");
  });

  it("are broken by services whose figures of the last minute are beyond them", () => {
    const minute = { p99Ms: 74, errorPercent: 40 };
    const beyond = beyondOf(
      [
        { name: "desk", minute },
        { name: "free", minute },
        { name: "desk", minute: null },
      ],
      limits,
    );
    const breaches = breachesOf(beyond, new Map([["desk p99", 7_000]]));
    expect(breaches).toEqual([{ service: "desk", text: "p99 74 ms, over the limit of 50 ms", since: 7_000 }]);
    const [item] = attentionOf({
      now: 0,
      system: null,
      services: [],
      ownerless: [],
      failovers: [],
      breaches,
    });
    expect(item).toMatchObject({ severity: "warn", subject: "desk", to: "/services/desk", since: 7_000 });
  });

  it("of two kinds are one item, since the first of them", () => {
    const both = limitsOf([{ service: "desk", status: "ACTIVE", p99LimitMs: 50, errorLimitPercent: 1 }]);
    const beyond = beyondOf([{ name: "desk", minute: { p99Ms: 74, errorPercent: 2 } }], both);
    const since = new Map([
      ["desk p99", 9_000],
      ["desk errors", 7_000],
    ]);
    expect(breachesOf(beyond, since)).toEqual([
      {
        service: "desk",
        text: "p99 74 ms, over the limit of 50 ms; 2.0 % of calls fail, over the limit of 1.0 %",
        since: 7_000,
      },
    ]);
  });

  it("are beyond since the run of windows began that reaches up to now", () => {
    const windows = (...values: (number | null)[]) =>
      values.map((p99Ms, n) => ({ at: new Date(n * 60_000).toISOString(), p99Ms, errorPercent: null }));
    const clock = { stepMs: 60_000, now: 290_000 };
    const since = (...values: (number | null)[]) => beyondSince(windows(...values), "p99", 50, clock);
    expect(since(10, 60, 40, 70, 80)).toBe(240_000);
    expect(since(10, 10, 10, 10, 80), "the newest window has not ended").toBe(290_000);
    expect(since(60, 70), "as far back as is told").toBe(60_000);
    expect(since(10, 70, null, 80), "a window without a call breaks nothing").toBe(120_000);
    expect(since(10, 70, 20), "the newest window is not whole yet").toBe(120_000);
    expect(since(70, 20, 10)).toBeNull();
    expect(since()).toBeNull();
    expect(beyondSince(windows(70), "errors", 1, clock)).toBeNull();
    expect(sinceOf(windows(10, 70), { p99Ms: 50, errorPercent: null }, 110_000)).toEqual({
      p99: 110_000,
      errors: undefined,
    });
    expect(lasting("over the limit of 50 ms", 0, 360_000)).toBe("over the limit of 50 ms for 6 m 00 s");
    expect([lasting(null, 0, 1), lasting("over", undefined, 1)]).toEqual([null, "over"]);
  });

  it("are asked for with the minute that has not ended, of a hundred instances at most", () => {
    const ids = Array.from({ length: 120 }, (_, n) => `desk/${n}`);
    const asked = hourOf(ids, Date.parse("2026-01-02T12:45:03Z"));
    expect(asked).toMatchObject({
      from: "2026-01-02T11:46:00.000Z",
      to: "2026-01-02T12:46:00.000Z",
      points: 60,
    });
    expect(asked.ids).toHaveLength(100);
  });

  it("stand on the charts that they are of", () => {
    const charts = chartsOf({ points: [], stepSeconds: 1, limits: { p99Ms: 50, errorPercent: null } });
    const drawn = charts.filter(({ thresholds }) => (thresholds ?? []).length > 0);
    expect(drawn.map(({ title, thresholds }) => [title, thresholds?.[0]?.label])).toEqual([
      ["Latency", "limit 50 ms"],
    ]);
  });
});
