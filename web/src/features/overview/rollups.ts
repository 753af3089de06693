import { latency, percent, rate } from "@/shared/figures/format";
import { isSame } from "@/shared/lib/same";
import type { Summary } from "@/shared/services/documents";
import { type InstanceStatus, meaningOf } from "@/shared/status/status";

/** A service as one line. */
export interface Rollup {
  service: string;
  counts: ReadonlyMap<InstanceStatus, number>;
  instances: number;
  running: number;
  minimum: number | null;
  /** The worst state that says something of the service now. */
  worst: InstanceStatus;
  belowMinimum: boolean;
  /** Why it is in the worst state, where that is said. */
  reason: string | null;
  groups: number;
  ownerless: number;
  versions: readonly string[];
  /** The version that should run, where others do. */
  drift: string | null;
  flapping: number;
  p99Ms: number | null;
  callsPerSecond: number | null;
  errorPercent: number | null;
}

/** Out of what the server keeps of it. */
export function rollupOfSummary(summary: Summary): Rollup {
  const { name, definition, worst, groups, ownerless, minute, versions } = summary;
  const counts = new Map(summary.counts.map(({ status, count }) => [status, Number(count)]));
  return {
    service: name,
    counts,
    instances: [...counts.values()].reduce((sum, n) => sum + n, 0),
    running: counts.get("RUNNING") ?? 0,
    minimum: definition?.minInstances == null ? null : Number(definition.minInstances),
    worst: worst ?? "STOPPED",
    reason:
      summary.reason === null || summary.instance === null ? null : `${summary.reason} (${summary.instance})`,
    belowMinimum: summary.belowMinimum,
    groups: Number(groups),
    ownerless: Number(ownerless),
    versions: versions.map(({ version }) => version),
    drift: summary.versionDrift ? (definition?.version ?? null) : null,
    flapping: Number(summary.flapping),
    p99Ms: minute?.p99Ms ?? null,
    callsPerSecond: minute?.callsPerSecond ?? null,
    errorPercent: minute?.errorPercent ?? null,
  };
}

const FIGURES = ["p99Ms", "callsPerSecond", "errorPercent"];

/** Whether both read the same as a line: figures move on by less than is shown. */
export const readsSame = (a: Rollup, b: Rollup): boolean =>
  latency(a.p99Ms) === latency(b.p99Ms) &&
  rate(a.callsPerSecond) === rate(b.callsPerSecond) &&
  percent(a.errorPercent) === percent(b.errorPercent) &&
  isSame([...a.counts], [...b.counts]) &&
  isSame(a, b, [...FIGURES, "counts"]);

/** Whether somebody is needed. */
export const isBad = (rollup: Rollup): boolean =>
  meaningOf(rollup.worst) === "attention" || rollup.belowMinimum || rollup.ownerless > 0;
