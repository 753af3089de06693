import { type InstanceStatus, meaningOf, words } from "@/shared/status/status";
import { minimumOf, worstOf } from "@/shared/status/worst";

/** How a service is, in one sentence, and since when. */
export interface Verdict {
  worst: InstanceStatus;
  text: string;
  since: string | null;
}

interface Evidence {
  definition: Parameters<typeof minimumOf>[0];
  /** How many instances are in each state. */
  counts: ReadonlyMap<InstanceStatus, number>;
  /** The first of them, the worst before the others. */
  rows: readonly { instance: string; status: InstanceStatus; statusSince: string; reason: string | null }[];
  leaders: readonly { group: string; instance: string | null }[];
}

export function verdictOf({ definition, counts, rows, leaders }: Evidence): Verdict {
  const minimum = minimumOf(definition);
  const running = counts.get("RUNNING") ?? 0;
  const worst = worstOf(counts, minimum);
  const first = rows.find(({ status }) => status === worst);
  const ownerless = leaders.filter(({ instance }) => instance === null);
  const parts = [
    minimum === null ? `${running} running` : `${running} of at least ${minimum} running`,
    first && meaningOf(worst) === "attention" ? troubleOf(first) : "",
    ownerless.length === 1 ? `${ownerless[0]?.group} has no owner` : "",
    ownerless.length > 1 ? `${ownerless.length} groups have no owner` : "",
  ];
  return { worst, text: parts.filter(Boolean).join("; "), since: first?.statusSince ?? null };
}

function troubleOf({ instance, status, reason }: Evidence["rows"][number]): string {
  const word = words[status].toLowerCase();
  return reason ? `${instance} ${word}: ${reason}` : `${instance} ${word}`;
}
