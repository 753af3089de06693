import type { ChartSpec, Line, Threshold } from "@/shared/chart/model";
import { bytes, count, cpu, duration, latency, percent, rate } from "@/shared/figures/format";
import { type Limits, noLimits } from "@/shared/limits/limits";
import type { Point } from "./documents";

type Points = readonly (Point | null)[];
type Pick = (point: Point) => number | null;

/** The least that the axis of a share of successes begins at. */
const SUCCESS_FLOOR = 95;

const valuesOf = (points: Points, pick: Pick): (number | null)[] =>
  points.map((point) => (point === null ? null : pick(point)));

const success: Pick = ({ errorPercent }) => (errorPercent === null ? null : 100 - errorPercent);

const memory: Pick = ({ memoryBytes }) => (memoryBytes === null ? null : Number(memoryBytes));

const thresholdOf = (value: number | null, label: (value: number) => string): Threshold[] =>
  value === null ? [] : [{ value, label: label(value), color: "warn" }];

interface Drawn {
  points: Points;
  /** Those of another span, which are laid over the main lines. */
  other?: Points | null;
  /** How wide each window is. */
  stepSeconds: number;
  limits?: Limits;
}

/** The charts of one span, and beside each main line that of another span, where there is one. */
export function chartsOf({ points, other = null, stepSeconds, limits = noLimits }: Drawn): ChartSpec[] {
  const aSecond = (n: number | bigint): number => Number(n) / stepSeconds;
  const line = (key: string, label: string, pick: Pick, look: Partial<Line>): Line => ({
    key,
    label,
    color: "series-1",
    width: 2,
    ...look,
    values: valuesOf(points, pick),
  });
  const before = (key: string, pick: Pick, color: Line["color"]): Line[] =>
    other === null
      ? []
      : [
          {
            key: `${key} before`,
            label: "before",
            color,
            width: 1,
            dash: [3, 3],
            values: valuesOf(other, pick),
          },
        ];
  return [
    {
      title: "Latency",
      unit: "ms",
      format: latency,
      thresholds: thresholdOf(limits.p99Ms, (value) => `limit ${duration(value)}`),
      lines: [
        line("p50", "p50", (p) => p.p50Ms, { width: 1.25, dash: [2, 3] }),
        line("p90", "p90", (p) => p.p90Ms, { color: "series-3", width: 1.25, dash: [6, 3] }),
        line("p99", "p99", (p) => p.p99Ms, { color: "series-2" }),
        ...before("p99", (p) => p.p99Ms, "series-2"),
      ],
    },
    {
      title: "Calls",
      unit: "/s",
      format: rate,
      lines: [
        line("calls", "calls", (p) => p.callsPerSecond, { fill: 0.12 }),
        ...before("calls", (p) => p.callsPerSecond, "series-1"),
      ],
    },
    {
      title: "Success",
      unit: "%",
      format: percent,
      top: 100,
      bottom: (least) => Math.min(SUCCESS_FLOOR, least),
      lines: [
        line("success", "success", success, { color: "series-5" }),
        ...before("success", success, "series-5"),
      ],
    },
    {
      title: "Errors",
      unit: "%",
      format: percent,
      thresholds: thresholdOf(limits.errorPercent, (value) => `limit ${percent(value)} %`),
      lines: [
        line("errors", "errors", (p) => p.errorPercent, { color: "series-2", width: 1.5, fill: 0.12 }),
        ...before("errors", (p) => p.errorPercent, "series-2"),
      ],
    },
    {
      title: "In flight, queue",
      unit: "calls",
      format: count,
      lines: [
        line("flight", "flight", (p) => Number(p.inFlight), { upTo: "flight most", fill: 0.12 }),
        line("flight most", "", (p) => Number(p.inFlightMax), { width: 0 }),
        line("queue", "queue", (p) => Number(p.queueDepth), {
          color: "series-2",
          dash: [8, 3],
          upTo: "queue most",
          fill: 0.12,
        }),
        line("queue most", "", (p) => Number(p.queueDepthMax), { color: "series-2", width: 0 }),
      ],
    },
    {
      title: "CPU",
      unit: "% of a core",
      format: cpu,
      lines: [
        line("cpu", "mean", (p) => p.cpuPercent, { upTo: "cpu most", fill: 0.12 }),
        line("cpu most", "most", (p) => p.cpuPercentMax, { color: "series-2", width: 1.25, dash: [2, 3] }),
        ...before("cpu", (p) => p.cpuPercent, "series-1"),
      ],
    },
    {
      title: "Memory",
      unit: "",
      format: bytes,
      lines: [line("memory", "resident", memory, { fill: 0.12 }), ...before("memory", memory, "series-1")],
    },
    {
      title: "Messages",
      unit: "/s",
      format: rate,
      lines: [
        line("events", "events", (p) => aSecond(p.events.consumed), {}),
        line("commands", "commands", (p) => aSecond(p.commands.consumed), {
          color: "series-3",
          dash: [8, 3],
        }),
        line("failed", "failed", (p) => aSecond(p.events.failed) + aSecond(p.commands.failed), {
          color: "bad",
          width: 1.5,
          dash: [2, 3],
        }),
        ...before("events", (p) => aSecond(p.events.consumed), "series-1"),
      ],
    },
    {
      title: "Consumer lag",
      unit: "messages",
      format: count,
      lines: [
        line("lag", "waiting", (p) => Number(p.lag), { upTo: "lag most", fill: 0.12 }),
        line("lag most", "", (p) => Number(p.lagMax), { width: 0 }),
        ...before("lag", (p) => Number(p.lag), "series-1"),
      ],
    },
  ];
}
