import { ServiceNeed } from "@/shared/attention/documents";
import { useTruth } from "@/shared/freshness/truth";
import { useQuery } from "@/shared/graphql/use-query";
import { shownState } from "@/shared/status/shown";
import { StateBadge } from "@/shared/status/state-badge";
import { minimumOf, worstOf } from "@/shared/status/worst";
import { useNow } from "@/shared/time/clock";

const EVERY_MS = 10_000;

/** How a service is that this one calls, with the cause beside it. */
export function DependencyState({ service }: { service: string }) {
  const { data } = useQuery(ServiceNeed, { name: service }, { every: EVERY_MS });
  const truth = useTruth();
  const now = useNow();
  if (!data) return null;
  if (!data.service) return <span className="text-muted-foreground">not known here</span>;
  const { definition, instances } = data.service;
  const statuses = instances.map(({ status }) => status);
  const running = statuses.filter((status) => status === "RUNNING").length;
  const worst = worstOf(statuses, minimumOf(definition));
  return (
    <span className="flex items-center gap-2">
      <StateBadge shown={shownState({ status: worst, lastBeatAt: null }, truth, now)} />
      <span className="text-muted-foreground">
        {running} of {instances.length} running
      </span>
    </span>
  );
}
