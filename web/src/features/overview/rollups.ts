import { compareNatural } from "@/shared/lib/utils";
import type { Summary } from "@/shared/services/documents";
import { type InstanceStatus, meaningOf, rankOf } from "@/shared/status/status";
import { lacks, minimumOf, worstOf } from "@/shared/status/worst";
import type { ServiceNode } from "./documents";

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
  /** Whether its definition asks for one, and there is none in use. */
  warnUndefined: boolean;
  p99Ms: number | null;
  callsPerSecond: number | null;
  errorPercent: number | null;
}

export function rollupOf(node: ServiceNode): Rollup {
  const counts = new Map<InstanceStatus, number>();
  for (const { status } of node.instances) counts.set(status, (counts.get(status) ?? 0) + 1);
  const running = counts.get("RUNNING") ?? 0;
  const active = node.definition?.status === "ACTIVE" ? node.definition : null;
  const minimum = minimumOf(node.definition);
  const belowMinimum = minimum !== null && lacks(running, minimum);
  return {
    service: node.name,
    counts,
    instances: node.instances.length,
    running,
    minimum,
    worst: worstOf(counts, minimum),
    belowMinimum,
    groups: node.leaders.length,
    ownerless: node.leaders.filter(({ instance }) => instance === null).length,
    versions: node.versions,
    drift: active && node.versions.some((version) => version !== active.version) ? active.version : null,
    flapping: 0,
    reason: null,
    warnUndefined: active === null && node.definition?.registration === "WARN",
    p99Ms: node.p99Ms,
    callsPerSecond: node.callsPerSecond,
    errorPercent: node.errorPercent,
  };
}

/** The same out of what the server keeps of services that live. */
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
      summary.reason === null || summary.instance === null ? null : `${summary.instance}: ${summary.reason}`,
    belowMinimum: summary.belowMinimum,
    groups: Number(groups),
    ownerless: Number(ownerless),
    versions: versions.map(({ version }) => version),
    drift: summary.versionDrift ? (definition?.version ?? null) : null,
    flapping: Number(summary.flapping),
    warnUndefined: false,
    p99Ms: minute?.p99Ms ?? null,
    callsPerSecond: minute?.callsPerSecond ?? null,
    errorPercent: minute?.errorPercent ?? null,
  };
}

/** Whether somebody is needed. */
export const isBad = (rollup: Rollup): boolean =>
  meaningOf(rollup.worst) === "attention" || rollup.belowMinimum || rollup.ownerless > 0;

/** Those that need somebody first, the worst of them first; then by name. */
export function worstFirst(a: Rollup, b: Rollup): number {
  return (
    Number(isBad(b)) - Number(isBad(a)) ||
    rankOf(a.worst) - rankOf(b.worst) ||
    Number(b.belowMinimum) - Number(a.belowMinimum) ||
    compareNatural(a.service, b.service)
  );
}
