import { compareNatural } from "@/shared/lib/utils";
import type { Instance } from "./documents";
import type { Series } from "./registry";
import { statusLook } from "./status";
import type { DashboardView, SortKey } from "./view-state";

export type SeriesOf = ReadonlyMap<string, Series>;
type Compare = (a: Instance, b: Instance) => number;

const byName: Compare = (a, b) =>
  compareNatural(a.service, b.service) || compareNatural(a.instance, b.instance);

/** State first, then undefined before defined, then by name: it does not move with every heartbeat. */
export const worstFirst: Compare = (a, b) =>
  statusLook[a.status].rank - statusLook[b.status].rank ||
  Number(a.defined) - Number(b.defined) ||
  byName(a, b);

/** Biggest first; what has no figure comes last. */
const desc =
  (figure: (i: Instance) => number | null | undefined): Compare =>
  (a, b) =>
    (figure(b) ?? Number.NEGATIVE_INFINITY) - (figure(a) ?? Number.NEGATIVE_INFINITY) || byName(a, b);

/** Orders by figures that change with each beat; the table holds such an order still for a few seconds. */
export const isLiveSort = (key: SortKey): boolean =>
  ["beat", "calls", "p99", "errors", "queue"].includes(key);

export function comparator(key: SortKey, reverse: boolean, series: SeriesOf): Compare {
  const compare: Record<SortKey, Compare> = {
    worst: worstFirst,
    service: byName,
    instance: (a, b) => compareNatural(a.instance, b.instance) || byName(a, b),
    version: (a, b) => compareNatural(b.version, a.version) || byName(a, b),
    beat: (a, b) => (a.lastBeatAt ?? "").localeCompare(b.lastBeatAt ?? "") || byName(a, b),
    calls: desc((i) => i.metrics?.callsPerSecond),
    p99: desc((i) => i.metrics?.p99Ms),
    errors: desc((i) => series.get(i.id)?.errorPercent),
    queue: desc((i) => (i.metrics ? Number(i.metrics.queueDepth) * 1e6 + Number(i.metrics.inFlight) : null)),
  };
  const chosen = compare[key];
  return reverse ? (a, b) => chosen(b, a) : chosen;
}

export function matches(instance: Instance, view: DashboardView): boolean {
  if (view.status.length > 0 && !view.status.includes(instance.status)) return false;
  if (view.service !== "" && instance.service !== view.service) return false;
  if (view.leading && instance.groups.length === 0) return false;
  if (view.undefined && instance.defined) return false;
  if (view.q === "") return true;
  const needle = view.q.toLowerCase();
  return [instance.id, instance.version, instance.reason ?? "", ...instance.groups.map((g) => g.group)].some(
    (hay) => hay.toLowerCase().includes(needle),
  );
}

export type Row =
  | { kind: "service"; service: string; count: number; worst: Instance }
  | { kind: "instance"; instance: Instance };

/** Rows as the table shows them: sorted, and under one heading per service unless flat. */
export function toRows(sorted: readonly Instance[], flat: boolean): Row[] {
  if (flat) return sorted.map((instance) => ({ kind: "instance", instance }));
  const groups = new Map<string, Instance[]>();
  for (const instance of sorted) {
    const members = groups.get(instance.service);
    if (members) members.push(instance);
    else groups.set(instance.service, [instance]);
  }
  return [...groups].flatMap(([service, members]) => {
    const worst = members.reduce((a, b) => (worstFirst(a, b) <= 0 ? a : b));
    return [
      { kind: "service", service, count: members.length, worst } as const,
      ...members.map((instance) => ({ kind: "instance", instance }) as const),
    ];
  });
}
