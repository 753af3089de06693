import { type InstanceStatus, meaningOf, rankOf } from "./status";

interface Wanted {
  status: string;
  minInstances: number | bigint | null;
}

type Counts = ReadonlyMap<InstanceStatus, number>;

/** How many should run at least; null where no definition in use says so. */
export function minimumOf(definition: Wanted | null): number | null {
  if (definition?.status !== "ACTIVE" || definition.minInstances === null) return null;
  return Number(definition.minInstances);
}

/** Whether a service has fewer than it needs. */
export function lacks(running: number, minimum: number | null): boolean {
  return minimum === null ? running === 0 : running < minimum;
}

/** The worst state that says something of a service: one who is gone says nothing while the service has what it needs. */
export function worstOf(counts: Counts, minimum: number | null): InstanceStatus {
  const lacking = lacks(counts.get("RUNNING") ?? 0, minimum);
  const present = [...counts].filter(([, n]) => n > 0).map(([status]) => status);
  const sorted = present.sort((a, b) => rankOf(a) - rankOf(b));
  const says = (status: InstanceStatus): boolean =>
    status === "EXPIRED" ? lacking : meaningOf(status) !== "gone";
  return sorted.find(says) ?? sorted[0] ?? "STOPPED";
}
