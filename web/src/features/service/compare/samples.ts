import type { Point } from "@/shared/metrics/documents";
import type { LineOf } from "../documents";

/** What one side of a comparison did in one window; null where it is not known. */
export interface Sample {
  callsPerSecond: number;
  errorPercent: number | null;
  p99Ms: number | null;
  cpuPercent: number | null;
  memoryBytes: number | null;
}

export const sampleOf = (point: Point | null): Sample | null =>
  point && {
    callsPerSecond: point.callsPerSecond,
    errorPercent: point.errorPercent,
    p99Ms: point.p99Ms,
    cpuPercent: point.cpuPercent,
    memoryBytes: point.memoryBytes === null ? null : Number(point.memoryBytes),
  };

type LinePoint = LineOf["points"][number];

/** Several instances as one, by window: calls add up, and of the latencies the slowest counts. */
export function joined(lines: readonly LineOf[]): {
  resolutionSeconds: number;
  points: (Sample & { at: string })[];
} {
  const byTime = new Map<string, LinePoint[]>();
  for (const { points } of lines)
    for (const point of points) byTime.set(point.at, [...(byTime.get(point.at) ?? []), point]);
  return {
    resolutionSeconds: Math.max(1, ...lines.map(({ resolutionSeconds }) => resolutionSeconds)),
    points: [...byTime]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([at, points]) => ({ at, ...sumOf(points) })),
  };
}

function sumOf(points: readonly LinePoint[]): Sample {
  const callsPerSecond = points.reduce((sum, each) => sum + each.callsPerSecond, 0);
  const failed = points.reduce(
    (sum, each) => sum + (each.callsPerSecond * (each.errorPercent ?? 0)) / 100,
    0,
  );
  const slow = points.flatMap(({ p99Ms }) => (p99Ms === null ? [] : [p99Ms]));
  return {
    callsPerSecond,
    errorPercent: callsPerSecond === 0 ? null : (failed * 100) / callsPerSecond,
    p99Ms: slow.length === 0 ? null : Math.max(...slow),
    cpuPercent: null,
    memoryBytes: null,
  };
}
