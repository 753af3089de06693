import { type InstanceStatus, meaningOf, words } from "@/shared/status/status";
import { minimumOf, worstOf } from "@/shared/status/worst";
import type { ServiceOf } from "./documents";

/** How a service is, in one sentence, and since when. */
export interface Verdict {
  worst: InstanceStatus;
  text: string;
  since: string | null;
}

type Seen = Pick<ServiceOf, "instances" | "definition" | "leaders">;

export function verdictOf({ instances, definition, leaders }: Seen): Verdict {
  const minimum = minimumOf(definition);
  const statuses = instances.map(({ status }) => status);
  const running = statuses.filter((status) => status === "RUNNING").length;
  const worst = worstOf(statuses, minimum);
  const first = instances.find(({ status }) => status === worst);
  const ownerless = leaders.filter(({ instance }) => instance === null);
  const parts = [
    minimum === null ? `${running} running` : `${running} of at least ${minimum} running`,
    first && meaningOf(worst) === "attention" ? troubleOf(first) : "",
    ownerless.length === 1 ? `${ownerless[0]?.group} has no owner` : "",
    ownerless.length > 1 ? `${ownerless.length} groups have no owner` : "",
  ];
  return { worst, text: parts.filter(Boolean).join("; "), since: first?.statusSince ?? null };
}

function troubleOf({ instance, status, reason }: ServiceOf["instances"][number]): string {
  const word = words[status].toLowerCase();
  return reason ? `${instance} ${word}: ${reason}` : `${instance} ${word}`;
}
