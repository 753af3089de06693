import { describe, expect, it } from "vitest";
import type { Method } from "@/shared/methods/documents";
import { callsOf, codesOf, failingSince, sortMethods } from "@/shared/methods/methods";

const NOW = Date.parse("2026-01-02T12:45:03Z");
const method = (
  name: string,
  change: Partial<Method["minute"]> = {},
  more: Partial<Method> = {},
): Method => ({
  role: "SERVE",
  name,
  instances: 2,
  minute: { calls: 10, errors: 0, callsPerSecond: 1, errorPercent: 0, p50Ms: 1, p99Ms: 2, ...change },
  inFlight: 0,
  worstInstance: null,
  codes: [],
  trace: [],
  ...more,
});
const names = (methods: readonly Method[]) => methods.map(({ name }) => name);

describe("the methods of a service", () => {
  const all = [
    method("idle", { errorPercent: null, p99Ms: null, callsPerSecond: 0 }),
    method("fine", { callsPerSecond: 5 }),
    method("slow", { p99Ms: 74 }),
    method("broken", { errorPercent: 40 }, { inFlight: 3 }),
  ];

  it("stand with those that fail first, then those that are called most; without figures last", () => {
    expect(names(sortMethods(all, "errors"))).toEqual(["broken", "fine", "slow", "idle"]);
  });

  it("are sorted by any figure, or by name", () => {
    expect(names(sortMethods(all, "p99"))[0]).toBe("slow");
    expect(names(sortMethods(all, "p99")).at(-1)).toBe("idle");
    expect(names(sortMethods(all, "calls"))[0]).toBe("fine");
    expect(names(sortMethods(all, "flight"))[0]).toBe("broken");
    expect(names(sortMethods(all, "name"))).toEqual(["broken", "fine", "idle", "slow"]);
  });

  it("fail more often than is allowed since the run of such slices began", () => {
    const slice = (second: number, calls: number, errors: number) => ({
      at: new Date(second * 1_000).toISOString(),
      calls,
      errors,
    });
    const trace = [slice(0, 10, 5), slice(10, 10, 0), slice(30, 10, 2), slice(40, 10, 1)];
    expect(failingSince(trace, 5, 60_000)).toBe(40_000);
    expect([failingSince(trace, 50, 0), failingSince(trace, null, 0), failingSince([], 5, 0)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("have their calls a second of five minutes; a slice that is not told of had none", () => {
    const at = (secondsAgo: number) =>
      new Date(Date.parse("2026-01-02T12:45:00Z") - secondsAgo * 1_000).toISOString();
    const values = callsOf(
      [
        { at: at(10), calls: 50, errors: 0 },
        { at: at(30), calls: 20, errors: 0 },
        { at: at(900), calls: 99, errors: 0 },
      ],
      NOW,
    );
    expect(values).toHaveLength(30);
    expect(values.slice(-3)).toEqual([2, 0, 5]);
    expect(values.slice(0, -3)).toEqual(new Array(27).fill(null));
  });

  it("name what failed by its code, the most frequent first", () => {
    expect(
      codesOf([
        { code: "NOT_FOUND", count: 1 },
        { code: "TIMEOUT", count: 3 },
      ]),
    ).toBe("TIMEOUT 3 · NOT_FOUND 1");
  });
});
