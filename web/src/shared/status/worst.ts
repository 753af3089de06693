import { type InstanceStatus, meaningOf, rankOf } from "./status";

interface Wanted {
  status: string;
  minInstances: number | bigint | null;
}

/** How many should run at least; null where no definition in use says so. */
export function minimumOf(definition: Wanted | null): number | null {
  if (definition?.status !== "ACTIVE" || definition.minInstances === null) return null;
  return Number(definition.minInstances);
}

/** Whether a service has fewer than it needs. */
export function lacks(statuses: readonly InstanceStatus[], minimum: number | null): boolean {
  const running = statuses.filter((status) => status === "RUNNING").length;
  return minimum === null ? running === 0 : running < minimum;
}

/** The worst state that says something of a service: one who is gone says nothing while the service has what it needs. */
export function worstOf(statuses: readonly InstanceStatus[], minimum: number | null): InstanceStatus {
  const lacking = lacks(statuses, minimum);
  const sorted = [...statuses].sort((a, b) => rankOf(a) - rankOf(b));
  const says = (status: InstanceStatus): boolean =>
    status === "EXPIRED" ? lacking : meaningOf(status) !== "gone";
  return sorted.find(says) ?? sorted[0] ?? "STOPPED";
}
