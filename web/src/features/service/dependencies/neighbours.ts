import { plural } from "@/shared/figures/format";
import { type InstanceStatus, meaningOf, words } from "@/shared/status/status";
import type { Near } from "../documents";

/** A service beside the one that is looked at. */
export interface Neighbour {
  name: string;
  status: InstanceStatus | null;
  /** Whether somebody is needed there. */
  needs: boolean;
  /** Why, in words; how many run where all is well. */
  cause: string;
  callsPerSecond: number | null;
  p99Ms: number | null;
  errorPercent: number | null;
}

export interface Neighbours {
  own: Neighbour;
  /** The services that it has called since its instances started, and those that have called it. */
  calls: readonly Neighbour[];
  usedBy: readonly Neighbour[];
}

/** How a service is. Of one that is not in the registry nothing is known. */
export function neighbourOf(name: string, near: Near | null): Neighbour {
  if (near === null) {
    const nothing = { callsPerSecond: null, p99Ms: null, errorPercent: null };
    return { name, status: null, needs: false, cause: "no instance of it is known here", ...nothing };
  }
  const causes = causesOf(near);
  return {
    name,
    status: near.worst,
    needs: causes.length > 0,
    cause: causes.length > 0 ? causes.join("; ") : `${runningOf(near)} running`,
    callsPerSecond: near.minute?.callsPerSecond ?? null,
    p99Ms: near.minute?.p99Ms ?? null,
    errorPercent: near.minute?.errorPercent ?? null,
  };
}

const runningOf = ({ counts }: Near): number =>
  Number(counts.find(({ status }) => status === "RUNNING")?.count ?? 0);

function causesOf(near: Near): string[] {
  const { worst, instance, reason, belowMinimum, definition, ownerless, flapping } = near;
  const causes: string[] = [];
  if (belowMinimum) causes.push(`${runningOf(near)} of at least ${definition?.minInstances ?? "?"} running`);
  if (worst !== null && meaningOf(worst) === "attention") {
    const who = instance === null ? words[worst] : `${instance} ${words[worst].toLowerCase()}`;
    causes.push(reason === null ? who : `${who}: ${reason}`);
  }
  if (Number(ownerless) > 0) causes.push(`${plural(Number(ownerless), "group")} without owner`);
  if (Number(flapping) > 0) causes.push(`${plural(Number(flapping), "instance")} flapping`);
  return causes;
}

/** Those that need somebody first. */
export const worstFirst = (all: readonly Neighbour[]): Neighbour[] =>
  [...all].sort((a, b) => Number(b.needs) - Number(a.needs) || a.name.localeCompare(b.name));
