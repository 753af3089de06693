import type { LeadershipEvent } from "./documents";
import { termsOf } from "./terms";

/** What changes of owners amount to. */
export interface Statistics {
  changes: number;
  /** After a loss, and by intention. */
  lost: number;
  planned: number;
  recoveryP50Ms: number | null;
  recoveryP99Ms: number | null;
  handoverP50Ms: number | null;
  handoverP99Ms: number | null;
  /** Of each group, by `service/group`. */
  groups: ReadonlyMap<string, GroupStatistics>;
}

export interface GroupStatistics {
  changes: number;
  longestGapMs: number | null;
  lastChangeAt: number;
  /** It changed its owner so often within an hour that something is wrong with it. */
  flapping: boolean;
}

const HOUR_MS = 3_600_000;
const FLAPS = 3;

export function statisticsOf(events: readonly LeadershipEvent[]): Statistics {
  const byGroup = new Map<string, LeadershipEvent[]>();
  for (const event of events) {
    const list = byGroup.get(event.aggregate);
    if (list) list.push(event);
    else byGroup.set(event.aggregate, [event]);
  }
  const recoveries: number[] = [];
  const handovers: number[] = [];
  const groups = new Map<string, GroupStatistics>();
  let lost = 0;
  let planned = 0;
  for (const [aggregate, own] of byGroup) {
    const service = own[0]?.service;
    if (!service) continue;
    const gaps = termsOf(own)
      .terms.map(({ before }) => before)
      .filter((gap) => gap !== null && gap.cause !== "first");
    const times: number[] = [];
    let longest: number | null = null;
    for (const gap of gaps) {
      if (gap === null) continue;
      if (gap.cause === "lost") lost += 1;
      else planned += 1;
      times.push(gap.to);
      if (gap.measuredMs === null) continue;
      (gap.cause === "lost" ? recoveries : handovers).push(gap.measuredMs);
      longest = Math.max(longest ?? 0, gap.measuredMs);
    }
    const lastChangeAt = times.at(-1);
    if (lastChangeAt === undefined) continue;
    const group = aggregate.slice(`leadership.${service}.`.length);
    groups.set(`${service}/${group}`, {
      changes: times.length,
      longestGapMs: longest,
      lastChangeAt,
      flapping: times.some(
        (at, index) => (times[index + FLAPS - 1] ?? Number.POSITIVE_INFINITY) - at < HOUR_MS,
      ),
    });
  }
  return {
    changes: lost + planned,
    lost,
    planned,
    recoveryP50Ms: quantile(recoveries, 0.5),
    recoveryP99Ms: quantile(recoveries, 0.99),
    handoverP50Ms: quantile(handovers, 0.5),
    handoverP99Ms: quantile(handovers, 0.99),
    groups,
  };
}

/** The smallest value that this share of all does not exceed. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
