import type { Event } from "@/shared/events/documents";
import { shortType } from "@/shared/events/kinds";
import { z } from "@/shared/lib/zod";

/** Groups that changed owner because one was lost, as one: what one instance owned goes within seconds. */
export interface Failover {
  service: string;
  /** Who owned them, and what the log says has become of it since; null where it says nothing. */
  from: string;
  became: string | null;
  groups: string[];
  longestGapMs: number | null;
  /** When the last of them had an owner again, in epoch milliseconds. */
  at: number;
  /** Of the first election. */
  sequence: number | bigint;
}

const election = z.object({
  instance: z.string(),
  previous: z.nullish(z.string()),
  reason: z.string(),
  vacancy_ms: z.nullish(z.union([z.number(), z.bigint()])),
});

/** Elections that are further apart are of different causes. */
const TOGETHER_MS = 30_000;

export function failoversOf(events: readonly Event[]): Failover[] {
  const found: Failover[] = [];
  for (const event of events) {
    if (event.kind !== "LEADERSHIP" || shortType(event.type) !== "leader_elected") continue;
    const parsed = election.safeParse(event.data);
    if (!parsed.success || parsed.data.reason !== "owner_lost" || event.service === null) continue;
    const { previous, vacancy_ms } = parsed.data;
    const from = previous ?? "an owner that the log does not name";
    const group = groupOf(event.aggregate, event.service);
    const at = Date.parse(event.time);
    const gap = vacancy_ms === null || vacancy_ms === undefined ? null : Number(vacancy_ms);
    const same = found.find(
      (each) => each.service === event.service && each.from === from && at - each.at < TOGETHER_MS,
    );
    if (same) {
      if (!same.groups.includes(group)) same.groups.push(group);
      same.longestGapMs = gap === null ? same.longestGapMs : Math.max(gap, same.longestGapMs ?? 0);
      same.at = Math.max(same.at, at);
    } else {
      found.push({
        service: event.service,
        from,
        became: null,
        groups: [group],
        longestGapMs: gap,
        at,
        sequence: event.sequence,
      });
    }
  }
  const fates = fatesOf(events);
  for (const each of found) each.became = fates.get(`instance.${each.service}.${each.from}`) ?? null;
  return found;
}

/** What has become of an instance by an event of its life, in a word. */
const fate: Record<string, string> = {
  registered: "back",
  recovered: "back",
  unhealthy: "unhealthy",
  expired: "expired",
  deregistered: "stopped",
  forgotten: "gone",
};

/** By aggregate, what the newest event of its life says. */
function fatesOf(events: readonly Event[]): ReadonlyMap<string, string> {
  const fates = new Map<string, string>();
  for (const { kind, type, aggregate } of events) {
    const word = kind === "INSTANCE" ? fate[shortType(type)] : undefined;
    if (word !== undefined) fates.set(aggregate, word);
  }
  return fates;
}

/** `leadership.trading-service.ACC-1` of `trading-service` -> `ACC-1`. */
export const groupOf = (aggregate: string, service: string): string =>
  aggregate.slice(`leadership.${service}.`.length);
