import { shortType } from "@/shared/events/kinds";
import { z } from "@/shared/lib/zod";
import type { LeadershipEvent } from "./documents";

/** What the changes of owner of one group amount to. */
export interface GroupStatistics {
  changes: number;
  longestGapMs: number | null;
  /** It changed its owner so often within an hour that something is wrong with it. */
  flapping: boolean;
}

/** Of each group that changed, by `service/group`. */
export type Statistics = ReadonlyMap<string, GroupStatistics>;

const HOUR_MS = 3_600_000;
const FLAPS = 3;

const elected = z.object({ reason: z.string(), vacancy_ms: z.nullish(z.union([z.number(), z.bigint()])) });

/** Events of leadership, oldest first. */
export function statisticsOf(events: readonly LeadershipEvent[]): Statistics {
  const changes = new Map<string, { at: number; gapMs: number | null }[]>();
  for (const { type, service, aggregate, time, data } of events) {
    if (service === null || shortType(type) !== "leader_elected") continue;
    const parsed = elected.safeParse(data);
    if (!parsed.success || parsed.data.reason === "first") continue;
    const id = `${service}/${aggregate.slice(`leadership.${service}.`.length)}`;
    const gap = parsed.data.vacancy_ms;
    const change = { at: Date.parse(time), gapMs: gap == null ? null : Number(gap) };
    changes.set(id, [...(changes.get(id) ?? []), change]);
  }
  return new Map([...changes].map(([id, own]) => [id, ofGroup(own)]));
}

function ofGroup(own: readonly { at: number; gapMs: number | null }[]): GroupStatistics {
  const gaps = own.flatMap(({ gapMs }) => (gapMs === null ? [] : [gapMs]));
  return {
    changes: own.length,
    longestGapMs: gaps.length === 0 ? null : Math.max(...gaps),
    flapping: own.some(
      ({ at }, index) => (own[index + FLAPS - 1]?.at ?? Number.POSITIVE_INFINITY) - at < HOUR_MS,
    ),
  };
}
