import { compareNatural } from "@/shared/lib/utils";
import { hasEnded } from "@/shared/status/status";
import type { Versioned } from "../documents";

/** What the instances of one version do together. */
export interface VersionRow {
  version: string;
  /** The ids of its instances. */
  ids: string[];
  running: number;
  /** Null where none of them is heard. */
  callsPerSecond: number | null;
  errorPercent: number | null;
  /** Of the slowest instance: quantiles do not add up. */
  worstP99Ms: number | null;
  worstInstance: string | null;
}

/** By version, the newest first; those whose life has ended are of the past. */
export function rolloutOf(instances: readonly Versioned[]): VersionRow[] {
  const live = instances.filter(({ status }) => !hasEnded(status));
  const versions = [...new Set(live.map(({ version }) => version))].sort((a, b) => compareNatural(b, a));
  return versions.map((version) =>
    rowOf(
      version,
      live.filter((each) => each.version === version),
    ),
  );
}

function rowOf(version: string, members: readonly Versioned[]): VersionRow {
  const heard = members.flatMap(({ instance, minute }) => (minute === null ? [] : [{ instance, ...minute }]));
  const calls = heard.reduce((sum, each) => sum + Number(each.calls), 0);
  const errors = heard.reduce((sum, each) => sum + Number(each.errors), 0);
  const [slowest] = heard
    .filter(({ p99Ms }) => p99Ms !== null)
    .sort((a, b) => (b.p99Ms ?? 0) - (a.p99Ms ?? 0));
  return {
    version,
    ids: members.map(({ id }) => id),
    running: members.filter(({ status }) => status === "RUNNING").length,
    callsPerSecond: heard.length === 0 ? null : heard.reduce((sum, each) => sum + each.callsPerSecond, 0),
    errorPercent: calls === 0 ? null : (errors * 100) / calls,
    worstP99Ms: slowest?.p99Ms ?? null,
    worstInstance: slowest?.instance ?? null,
  };
}
