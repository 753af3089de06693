import { describe, expect, it } from "vitest";
import { attentionOf } from "@/shared/attention/attention";
import { breachesOf } from "@/shared/limits/breaches";
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

  it("are broken by services whose figures of the last minute are beyond them", () => {
    const minute = { p99Ms: 74, errorPercent: 40 };
    const breaches = breachesOf(
      [
        { name: "desk", minute },
        { name: "free", minute },
        { name: "desk", minute: null },
      ],
      limits,
    );
    expect(breaches).toEqual([{ service: "desk", text: "p99 74 ms, over the limit of 50 ms" }]);
    const [item] = attentionOf({
      now: 0,
      system: null,
      services: [],
      ownerless: [],
      failovers: [],
      breaches,
    });
    expect(item).toMatchObject({ severity: "warn", subject: "desk", to: "/services/desk" });
  });

  it("stand on the charts that they are of", () => {
    const charts = chartsOf({ points: [], stepSeconds: 1, limits: { p99Ms: 50, errorPercent: null } });
    const drawn = charts.filter(({ thresholds }) => (thresholds ?? []).length > 0);
    expect(drawn.map(({ title, thresholds }) => [title, thresholds?.[0]?.label])).toEqual([
      ["Latency", "limit 50 ms"],
    ]);
  });
});
