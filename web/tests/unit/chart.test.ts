import { describe, expect, it } from "vitest";
import { nearest } from "@/shared/chart/crosshair";
import { gapsOf, loneOf, summaryOf } from "@/shared/chart/gaps";
import { mergeMarkers } from "@/shared/chart/merge-markers";
import type { ChartSpec } from "@/shared/chart/model";
import { rangeOf } from "@/shared/chart/options";
import { latency } from "@/shared/figures/format";
import { chartsOf } from "@/shared/metrics/charts";
import type { Point } from "@/shared/metrics/documents";
import { gridOf, laidOver } from "@/shared/metrics/grid";
import { markersOf } from "@/shared/metrics/markers";
import { World } from "../mock/world";

const point = (second: number, change: Partial<Point> = {}): Point => ({
  at: new Date(second * 1_000).toISOString(),
  calls: 10,
  errors: 0,
  callsPerSecond: 10,
  errorPercent: 0,
  p50Ms: 1,
  p90Ms: 2,
  p99Ms: 3,
  inFlight: 0,
  inFlightMax: 1,
  queueDepth: 0,
  queueDepthMax: 0,
  cpuPercent: 1,
  cpuPercentMax: 2,
  memoryBytes: 1_024,
  events: { consumed: 20, failed: 1 },
  commands: { consumed: 10, failed: 1 },
  lag: 0,
  lagMax: 3,
  ...change,
});

describe("figures over time", () => {
  const span = { from: 0, to: 60_000 };
  const grid = gridOf({ resolutionSeconds: 10, points: [point(10), point(20), point(40)] }, span);

  it("stand on even moments, and what did not come is missing", () => {
    expect([grid.times.seconds, grid.times.stepSeconds]).toEqual([[0, 10, 20, 30, 40, 50], 10]);
    expect(grid.times.heard).toEqual([false, true, true, false, true, false]);
    expect([grid.windows, grid.missing]).toEqual([6, 1]);
  });

  it("lie over those of another span from its beginning", () => {
    const other = gridOf({ resolutionSeconds: 10, points: [point(70)] }, { from: 60_000, to: 120_000 });
    expect(laidOver(grid, other).map((each) => each?.at ?? null)[1]).toBe("1970-01-01T00:01:10.000Z");
  });

  it("become charts whose lines are broken where nothing came", () => {
    const [first] = chartsOf({ points: grid.points, stepSeconds: 10 }) as [ChartSpec];
    expect(first.lines.map(({ label }) => label)).toEqual(["p50", "p90", "p99"]);
    expect(first.lines[2]?.values).toEqual([null, 3, 3, null, 3, null]);
    expect(
      chartsOf({ points: grid.points, other: grid.points, stepSeconds: 10 })[0]?.lines.at(-1)?.label,
    ).toBe("before");
    const success = chartsOf({
      points: [point(0, { errorPercent: 2 }), point(1, { errorPercent: null })],
      stepSeconds: 1,
    })[2];
    expect(success?.lines[0]?.values).toEqual([98, null]);
  });

  it("tell events and commands by the second, however wide the windows are, and what waits at most", () => {
    const charts = chartsOf({ points: [point(0)], stepSeconds: 10 });
    const of = (title: string) =>
      charts
        .find((each) => each.title === title)
        ?.lines.map(({ label, values }) => [label, values[0]] as const);
    expect(of("Messages")).toEqual([
      ["events", 2],
      ["commands", 1],
      ["failed", 0.2],
    ]);
    expect(of("Consumer lag")).toEqual([
      ["waiting", 0],
      ["", 3],
    ]);
  });
});

describe("the lines of a chart", () => {
  it("are told apart by colour and by dash, and a value has its maximum above it as a band", () => {
    for (const { title, lines } of chartsOf({ points: [point(0)], stepSeconds: 1 })) {
      const looks = lines.filter(({ label }) => label !== "").map(({ color, dash }) => ({ color, dash }));
      expect(new Set(looks.map(({ color }) => color)).size, title).toBe(looks.length);
      expect(new Set(looks.map(({ dash }) => String(dash))).size, title).toBe(looks.length);
      const keys = lines.map(({ key }) => key);
      for (const { upTo } of lines) if (upTo !== undefined) expect(keys, title).toContain(upTo);
    }
  });
});

describe("the axis", () => {
  const spec = (change: Partial<ChartSpec>): ChartSpec => ({
    title: "",
    unit: "",
    lines: [],
    format: latency,
    ...change,
  });
  it("begins at zero, shows thresholds, and pins success to 100 %", () => {
    expect(rangeOf(spec({}), false, 40, 100)).toEqual([0, 108]);
    const thresholds = [{ value: 200, label: "limit", color: "warn" as const }];
    expect(rangeOf(spec({ thresholds }), false, 40, 100)[1]).toBe(200);
    const success = spec({ top: 100, bottom: (least) => Math.min(95, least) });
    expect(rangeOf(success, false, 99, 100)).toEqual([95, 100]);
    expect(rangeOf(success, false, 80, 100)).toEqual([80, 100]);
    expect(rangeOf(spec({}), false, null, null)).toEqual([0, 1]);
  });
});

describe("gaps", () => {
  it("lie between values; before the first and after the last nothing is said", () => {
    expect(gapsOf([false, true, false, false, true, false])).toEqual([{ first: 2, last: 3 }]);
    expect(gapsOf([])).toEqual([]);
  });

  it("leave values alone between them, which no line could show", () => {
    expect(loneOf([1, null, 2, 3, null, 4])).toEqual([0, 5]);
    expect(loneOf([null, 7, null])).toEqual([1]);
  });

  it("are said with the figures", () => {
    const lines = [{ label: "p99", values: [0.4, 74, null, 12.9] }];
    expect(summaryOf(lines, "ms", latency, { heard: [true, true, false, true], stepSeconds: 4 })).toBe(
      "p99 0.4 to 74 ms, now 12.9; one gap of 4 s",
    );
    expect(
      summaryOf([{ label: "p99", values: [null] }], "ms", latency, { heard: [false], stepSeconds: 4 }),
    ).toBe("no data");
  });
});

describe("the crosshair", () => {
  it("takes the nearest moment", () => {
    expect([nearest([0, 10, 20], 4), nearest([0, 10, 20], 6), nearest([0, 10, 20], 99)]).toEqual([0, 1, 2]);
  });
});

describe("markers", () => {
  it("that lie too close become one", () => {
    const marker = (at: number) => ({ at, glyph: "▲", text: "", sequence: at });
    const groups = mergeMarkers([marker(100), marker(5), marker(9)], (at) => at);
    expect(groups.map(({ markers }) => markers.length)).toEqual([2, 1]);
  });

  it("are taken in by a count that would cover them, and stand apart where it would not", () => {
    const marker = (at: number) => ({ at, glyph: "▲", text: "", sequence: at });
    const merged = (...at: number[]) => mergeMarkers(at.map(marker), (each) => each);
    expect(merged(0, 15).map(({ markers }) => markers.length)).toEqual([1, 1]);
    expect(merged(0, 4, 15).map(({ markers }) => markers.length)).toEqual([3]);
    expect(merged(0, 4, 30).map(({ markers }) => markers.length)).toEqual([2, 1]);
  });

  it("tell failovers from handovers, and are of one instance where one is asked for", () => {
    const world = new World({ troubled: false });
    world.elect("trading-service", "ACC-1", "trading-service-2", "owner_lost");
    world.elect("trading-service", "ACC-2", "trading-service-1", "owner_resigned");
    const glyphs = markersOf(world.events, null).map(({ glyph }) => glyph);
    expect(glyphs.slice(-2)).toEqual(["⚑", "⇄"]);
    const own = markersOf(world.events, "trading-service-1").map(({ glyph }) => glyph);
    expect(own.filter((glyph) => glyph === "⇄")).toHaveLength(1);
    expect(own).not.toContain("⚑");
  });
});
