import type { ChartSpec } from "@/shared/chart/model";
import { bytes, cpu, latency, percent, rate } from "@/shared/figures/format";
import type { Sample } from "./samples";

export interface Side {
  label: string;
  samples: readonly (Sample | null)[];
}

const figures: { title: string; unit: string; key: keyof Sample; format: ChartSpec["format"] }[] = [
  { title: "Latency p99", unit: "ms", key: "p99Ms", format: latency },
  { title: "Calls", unit: "/s", key: "callsPerSecond", format: rate },
  { title: "Errors", unit: "%", key: "errorPercent", format: percent },
  { title: "CPU", unit: "% of a core", key: "cpuPercent", format: cpu },
  { title: "Memory", unit: "", key: "memoryBytes", format: bytes },
];

/** Both sides over each other, for each figure that one of them has. */
export function overlaysOf(a: Side, b: Side): ChartSpec[] {
  return figures
    .map(({ title, unit, key, format }) => ({
      title,
      unit,
      format,
      lines: [
        { key: "a", label: a.label, color: "series-1" as const, width: 2, values: valuesOf(a, key) },
        {
          key: "b",
          label: b.label,
          color: "series-2" as const,
          width: 2,
          dash: [8, 3],
          values: valuesOf(b, key),
        },
      ],
    }))
    .filter(({ lines }) => lines.some(({ values }) => values.some((value) => value !== null)));
}

const valuesOf = ({ samples }: Side, key: keyof Sample): (number | null)[] =>
  samples.map((sample) => sample?.[key] ?? null);
