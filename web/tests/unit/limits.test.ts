import { describe, expect, it } from "vitest";
import { limitsOf, noLimits, overErrors, overP99 } from "@/shared/limits/limits";
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

  it("stand on the charts that they are of", () => {
    const charts = chartsOf({ points: [], stepSeconds: 1, limits: { p99Ms: 50, errorPercent: null } });
    const drawn = charts.filter(({ thresholds }) => (thresholds ?? []).length > 0);
    expect(drawn.map(({ title, thresholds }) => [title, thresholds?.[0]?.label])).toEqual([
      ["Latency", "limit 50 ms"],
    ]);
  });
});
