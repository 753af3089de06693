import type { Event } from "@/shared/events/documents";
import { shortType } from "@/shared/events/kinds";
import { z } from "@/shared/lib/zod";

/** What people do, by the events that record it. */
export const actions: Readonly<Record<string, string>> = {
  "aegis.definition.defined.v1": "Define",
  "aegis.definition.amended.v1": "Amend",
  "aegis.definition.retired.v1": "Retire",
  "aegis.definition.reinstated.v1": "Reinstate",
  "aegis.instance.drain_requested.v1": "Drain",
  "aegis.instance.forgotten.v1": "Forget",
  "aegis.leadership.step_down_requested.v1": "Step down",
  "aegis.installation.maintenance_begun.v1": "Begin maintenance",
  "aegis.installation.maintenance_ended.v1": "End maintenance",
  "aegis.installation.switchover_scheduled.v1": "Plan switchover",
  "aegis.installation.switchover_cancelled.v1": "Cancel switchover",
  "aegis.installation.dead_letter_redriven.v1": "Redrive",
  "aegis.installation.dead_letter_discarded.v1": "Discard",
  "aegis.installation.consumer_deleted.v1": "Delete consumer",
};

export const actionTypes: readonly string[] = Object.keys(actions);

const withReason = z.object({ reason: z.nullish(z.string()) });
const withScope = z.object({ service: z.string(), group: z.nullish(z.string()) });
const withConsumer = z.object({ stream: z.string(), consumer: z.string() });
const withLetter = z.object({ sequence: z.union([z.number(), z.bigint()]), subject: z.string() });

/** The action in a word; of a type that is none of them, its own. */
export const actionOf = ({ type }: Pick<Event, "type">): string => actions[type] ?? shortType(type);

export function reasonOf({ data }: Pick<Event, "data">): string | null {
  const parsed = withReason.safeParse(data);
  return parsed.success ? (parsed.data.reason ?? null) : null;
}

/** The dead letter that was decided on. */
export function letterOf({ data }: Pick<Event, "data">): string | null {
  const parsed = withLetter.safeParse(data);
  return parsed.success ? `letter ${parsed.data.sequence}, ${parsed.data.subject}` : null;
}

/** The consumer that was deleted. */
export function consumerOf({ data }: Pick<Event, "data">): string | null {
  const parsed = withConsumer.safeParse(data);
  return parsed.success ? `${parsed.data.consumer} of ${parsed.data.stream}` : null;
}

/** What a maintenance or a planned switchover is of: a group, or all groups of a service; null of everything else. */
export function scopeOf({ data }: Pick<Event, "data">): { service: string; group: string | null } | null {
  const parsed = withScope.safeParse(data);
  return parsed.success ? { service: parsed.data.service, group: parsed.data.group ?? null } : null;
}

/** `instance.desk.desk-1` of `desk` -> `desk-1`. */
export const nameOf = ({
  kind,
  service,
  aggregate,
}: Pick<Event, "kind" | "service" | "aggregate">): string =>
  service === null ? aggregate : aggregate.slice(`${kind.toLowerCase()}.${service}.`.length);
