import { duration, percent } from "@/shared/figures/format";
import { type Limits, overErrors, overP99 } from "./limits";
import { type Kind, kindKey } from "./since";

/** A figure of the last minute that is beyond a limit of the definition. */
export interface Beyond {
  service: string;
  kind: Kind;
  limit: number;
  text: string;
}

/** A service with such figures. */
export interface Breach {
  service: string;
  text: string;
  /** Epoch milliseconds of the first of them. */
  since: number | null;
}

interface Summary {
  name: string;
  minute: { p99Ms: number | null; errorPercent: number | null } | null;
}

export function beyondOf(services: readonly Summary[], limits: ReadonlyMap<string, Limits>): Beyond[] {
  return services.flatMap(({ name: service, minute }) => {
    const own = limits.get(service);
    if (!own || !minute) return [];
    const slow = overP99(own, minute.p99Ms);
    const failing = overErrors(own, minute.errorPercent);
    const found: Beyond[] = [];
    if (slow !== null && own.p99Ms !== null) {
      found.push({
        service,
        kind: "p99",
        limit: own.p99Ms,
        text: `p99 ${duration(minute.p99Ms)}, ${slow}`,
      });
    }
    if (failing !== null && own.errorPercent !== null) {
      const text = `${percent(minute.errorPercent)} % of calls fail, ${failing}`;
      found.push({ service, kind: "errors", limit: own.errorPercent, text });
    }
    return found;
  });
}

/** What is beyond, service by service. */
export function breachesOf(beyond: readonly Beyond[], since: ReadonlyMap<string, number>): Breach[] {
  const breaches = new Map<string, Breach>();
  for (const { service, kind, text } of beyond) {
    const before = breaches.get(service);
    const times = [before?.since, since.get(kindKey(service, kind))].filter((at) => at != null);
    breaches.set(service, {
      service,
      text: before ? `${before.text}; ${text}` : text,
      since: times.length === 0 ? null : Math.min(...times),
    });
  }
  return [...breaches.values()];
}
