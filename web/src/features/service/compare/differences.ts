import { bytes, cpu, latency, percent, rate } from "@/shared/figures/format";
import type { Sample } from "./samples";

type Samples = readonly (Sample | null)[];

/** One figure of both sides, and how far the second is from the first. */
export interface Difference {
  figure: string;
  unit: string;
  a: number | null;
  b: number | null;
  /** In percent of the first; null where one is missing or the first is zero. */
  change: number | null;
  format: (value: number | null) => string;
}

/** What a span amounts to on both sides. */
export function differencesOf(a: Samples, b: Samples): Difference[] {
  const row = (
    figure: string,
    unit: string,
    format: Difference["format"],
    of: (samples: readonly Sample[]) => number | null,
  ): Difference => {
    const [one, other] = [of(known(a)), of(known(b))];
    const change = one === null || other === null || one === 0 ? null : ((other - one) * 100) / one;
    return { figure, unit, a: one, b: other, change, format };
  };
  const of = (key: keyof Sample) => (samples: readonly Sample[]) =>
    samples.flatMap((each) => (each[key] === null ? [] : [each[key]]));
  return [
    row("Calls, mean", "/s", rate, (all) => mean(of("callsPerSecond")(all))),
    row("Errors, of all calls", "%", percent, errorsOf),
    row("p99, median of the windows", "ms", latency, (all) => median(of("p99Ms")(all))),
    row("p99, slowest window", "ms", latency, (all) => most(of("p99Ms")(all))),
    row("CPU, mean", "% of a core", cpu, (all) => mean(of("cpuPercent")(all))),
    row("Memory, most", "", bytes, (all) => most(of("memoryBytes")(all))),
  ].filter((each) => each.a !== null || each.b !== null);
}

const known = (samples: Samples): Sample[] => samples.filter((each) => each !== null);

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

const most = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.max(...values));

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}

/** Windows count by how many calls they had. */
function errorsOf(samples: readonly Sample[]): number | null {
  const called = samples.filter(({ errorPercent }) => errorPercent !== null);
  const calls = called.reduce((sum, each) => sum + each.callsPerSecond, 0);
  if (calls === 0) return null;
  return called.reduce((sum, each) => sum + each.callsPerSecond * (each.errorPercent ?? 0), 0) / calls;
}
