import { describe, expect, it } from "vitest";
import { pairOf, windowBefore } from "@/features/service/compare/choice";
import { differencesOf } from "@/features/service/compare/differences";
import { overlaysOf } from "@/features/service/compare/overlays";
import { rolloutOf } from "@/features/service/compare/rollout";
import { joined, type Sample } from "@/features/service/compare/samples";
import type { Versioned } from "@/features/service/documents";

const instance = (name: string, version: string, change: Partial<Versioned> = {}): Versioned => ({
  id: `desk/${name}`,
  instance: name,
  version,
  status: "RUNNING",
  minute: { calls: 60, errors: 0, callsPerSecond: 1, p99Ms: 10 },
  ...change,
});

describe("a roll-out", () => {
  it("sums up each version, the newest first, and names its slowest instance", () => {
    const rows = rolloutOf([
      instance("a", "1.9.0"),
      instance("b", "1.9.0", { minute: { calls: 40, errors: 10, callsPerSecond: 0.5, p99Ms: 74 } }),
      instance("c", "1.10.0", { status: "STARTING", minute: null }),
      instance("d", "1.8.0", { status: "STOPPED" }),
    ]);
    expect(rows).toEqual([
      {
        version: "1.10.0",
        ids: ["desk/c"],
        running: 0,
        callsPerSecond: null,
        errorPercent: null,
        worstP99Ms: null,
        worstInstance: null,
      },
      {
        version: "1.9.0",
        ids: ["desk/a", "desk/b"],
        running: 2,
        callsPerSecond: 1.5,
        errorPercent: 10,
        worstP99Ms: 74,
        worstInstance: "b",
      },
    ]);
  });
});

describe("instances as one", () => {
  it("add up their calls; of their latencies the slowest counts, and failures weigh by calls", () => {
    const at = "2026-01-02T12:45:00Z";
    const { points } = joined([
      { id: "desk/a", resolutionSeconds: 15, points: [{ at, callsPerSecond: 3, errorPercent: 0, p99Ms: 5 }] },
      {
        id: "desk/b",
        resolutionSeconds: 15,
        points: [{ at, callsPerSecond: 1, errorPercent: 100, p99Ms: 70 }],
      },
    ]);
    expect(points).toMatchObject([{ at, callsPerSecond: 4, errorPercent: 25, p99Ms: 70 }]);
  });
});

const sample = (callsPerSecond: number, p99Ms: number | null, errorPercent: number | null = 0): Sample => ({
  callsPerSecond,
  p99Ms,
  errorPercent,
  cpuPercent: null,
  memoryBytes: null,
});

describe("the differences", () => {
  const rows = differencesOf(
    [sample(10, 10), sample(30, 20), null, sample(20, 90)],
    [sample(10, 20, 50), sample(30, 40, 0)],
  );
  const row = (figure: string) => rows.find((each) => each.figure.startsWith(figure));

  it("are of the same figure on both sides, in percent of the first", () => {
    expect(row("Calls")).toMatchObject({ a: 20, b: 20, change: 0 });
    expect(row("p99, median")).toMatchObject({ a: 20, b: 20 });
    expect(row("p99, slowest")).toMatchObject({ a: 90, b: 40 });
    expect(row("Errors")).toMatchObject({ a: 0, b: 12.5, change: null });
  });

  it("leave out what neither side knows", () => {
    expect(row("CPU")).toBeUndefined();
    const charts = overlaysOf({ label: "one", samples: [sample(1, 2)] }, { label: "two", samples: [null] });
    expect(charts.map(({ title }) => title)).toEqual(["Latency p99", "Calls", "Errors"]);
    const looks = charts[0]?.lines.map(({ color, dash }) => [color, dash]);
    expect(looks).toEqual([
      ["series-1", undefined],
      ["series-2", [8, 3]],
    ]);
  });
});

describe("what is compared", () => {
  it("is what the address names, as far as there is such", () => {
    expect(pairOf(["x", "y", "z"], { a: "z", b: "x" })).toEqual(["z", "x"]);
    expect(pairOf(["x", "y", "z"], { a: "gone", b: "" })).toEqual(["x", "y"]);
    expect(pairOf(["x", "y"], { a: "y", b: "y" })).toEqual(["y", "x"]);
    expect(pairOf(["x"], { a: "", b: "" })).toBeNull();
  });

  it("of windows is one of the same length before", () => {
    expect(windowBefore({ from: 100, to: 160 }, "")).toEqual({ from: 40, to: 100 });
    expect(windowBefore({ from: 86_400_100, to: 86_400_160 }, "1d")).toEqual({ from: 100, to: 160 });
  });
});
