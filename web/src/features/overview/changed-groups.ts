import { groupOf } from "@/shared/attention/failovers";
import type { Event } from "@/shared/events/documents";
import { shortType } from "@/shared/events/kinds";
import { z } from "@/shared/lib/zod";

export interface ChangedGroup {
  service: string;
  group: string;
  /** Null while it has none. */
  owner: string | null;
  term: number | bigint | null;
  at: string;
}

const SPAN_MS = 10 * 60_000;
const data = z.object({
  instance: z.nullish(z.string()),
  term: z.nullish(z.union([z.number(), z.bigint()])),
});

/** Groups whose owner changed within ten minutes, the last change of each, newest first; the first owner of all is no change. */
export function changedGroups(events: readonly Event[], now: number): ChangedGroup[] {
  const found = new Map<string, ChangedGroup>();
  for (const event of [...events].reverse()) {
    if (event.kind !== "LEADERSHIP" || event.service === null) continue;
    if (now - Date.parse(event.time) > SPAN_MS) break;
    const type = shortType(event.type);
    if (found.has(event.aggregate) || !["leader_elected", "leader_lost", "leader_resigned"].includes(type))
      continue;
    const parsed = data.safeParse(event.data);
    const { instance = null, term = null } = parsed.success ? parsed.data : {};
    found.set(event.aggregate, {
      service: event.service,
      group: groupOf(event.aggregate, event.service),
      owner: type === "leader_elected" ? (instance ?? null) : null,
      term: term ?? null,
      at: event.time,
    });
  }
  return [...found.values()];
}
