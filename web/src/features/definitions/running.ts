import { hasEnded } from "@/shared/status/status";
import type { Running, ServicesUpdate } from "./documents";

/** What of a service is alive. */
export interface Alive {
  count: number;
  /** With how many run each, the most first. */
  versions: readonly [string, number][];
}

export const nobody: Alive = { count: 0, versions: [] };

const ordered = (versions: Iterable<[string, number]>): [string, number][] =>
  [...versions].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));

export function aliveOf(instances: readonly Pick<Running, "status" | "version">[]): Alive {
  const counts = new Map<string, number>();
  for (const { status, version } of instances)
    if (!hasEnded(status)) counts.set(version, (counts.get(version) ?? 0) + 1);
  const versions = ordered(counts);
  return { count: versions.reduce((sum, [, n]) => sum + n, 0), versions };
}

/** What is alive of each service, with an update of the server applied. */
export function withUpdate(
  before: ReadonlyMap<string, Alive> | null,
  update: ServicesUpdate,
): ReadonlyMap<string, Alive> {
  const isWhole = update.__typename === "ServiceSnapshot";
  const next = new Map(isWhole ? [] : before);
  if (!isWhole) for (const name of update.removed) next.delete(name);
  for (const { name, instances, versions } of isWhole ? update.services : update.changed) {
    const counted = versions.map(({ version, count }): [string, number] => [version, Number(count)]);
    next.set(name, { count: Number(instances), versions: ordered(counted) });
  }
  return next;
}
