import type { ChartSpec, Line } from "@/shared/chart/model";
import { bytes, count, cpu, latency, percent, rate } from "@/shared/figures/format";
import type { Point } from "./documents";

type Points = readonly (Point | null)[];
type Pick = (point: Point) => number | null;

/** The least that the axis of a share of successes begins at. */
const SUCCESS_FLOOR = 95;

const valuesOf = (points: Points, pick: Pick): (number | null)[] =>
  points.map((point) => (point === null ? null : pick(point)));

const success: Pick = ({ errorPercent }) => (errorPercent === null ? null : 100 - errorPercent);

/** The charts of one span, and beside each main line that of another span, where there is one. */
export function chartsOf(points: Points, other: Points | null): ChartSpec[] {
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
      lines: [
        line("p50", "p50", (p) => p.p50Ms, { width: 1.25, dash: [2, 3] }),
        line("p90", "p90", (p) => p.p90Ms, { width: 1.25, dash: [6, 3] }),
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
      title: "In flight, queue",
      unit: "calls",
      format: count,
      lines: [
        line("flight", "flight", (p) => Number(p.inFlight), { fill: 0.12 }),
        line("queue", "queue", (p) => Number(p.queueDepthMax), { color: "series-2" }),
      ],
    },
    {
      title: "CPU",
      unit: "% of a core",
      format: cpu,
      lines: [
        line("cpu", "mean", (p) => p.cpuPercent, { fill: 0.12 }),
        line("cpu most", "most", (p) => p.cpuPercentMax, { width: 1, dash: [2, 3] }),
      ],
    },
    {
      title: "Memory",
      unit: "",
      format: bytes,
      lines: [
        line("memory", "resident", (p) => (p.memoryBytes === null ? null : Number(p.memoryBytes)), {
          fill: 0.12,
        }),
      ],
    },
  ];
}
