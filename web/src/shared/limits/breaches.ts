import { latency, percent } from "@/shared/figures/format";
import { type Limits, overErrors, overP99 } from "./limits";

/** A service whose figures of the last minute are beyond a limit of its definition. */
export interface Breach {
  service: string;
  text: string;
}

interface Summary {
  name: string;
  minute: { p99Ms: number | null; errorPercent: number | null } | null;
}

export function breachesOf(services: readonly Summary[], limits: ReadonlyMap<string, Limits>): Breach[] {
  return services.flatMap(({ name, minute }) => {
    const own = limits.get(name);
    if (!own || !minute) return [];
    const slow = overP99(own, minute.p99Ms);
    const failing = overErrors(own, minute.errorPercent);
    const parts = [
      slow && `p99 ${latency(minute.p99Ms)} ms, ${slow}`,
      failing && `${percent(minute.errorPercent)} % of calls fail, ${failing}`,
    ].filter(Boolean);
    return parts.length === 0 ? [] : [{ service: name, text: parts.join("; ") }];
  });
}
