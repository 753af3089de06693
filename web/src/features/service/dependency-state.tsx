import { ServiceNeed } from "@/shared/attention/documents";
import { count } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import { useQuery } from "@/shared/graphql/use-query";
import { shownState } from "@/shared/status/shown";
import { StateBadge } from "@/shared/status/state-badge";
import { meaningOf } from "@/shared/status/status";
import { lacks, minimumOf } from "@/shared/status/worst";
import { useNow } from "@/shared/time/clock";

const EVERY_MS = 10_000;

/** How a service is that this one calls. */
export function DependencyState({ service }: { service: string }) {
  const { data } = useQuery(ServiceNeed, { name: service }, { every: EVERY_MS });
  const truth = useTruth();
  const now = useNow();
  if (!data) return null;
  const total = Number(data.all.totalCount);
  const running = Number(data.running.totalCount);
  const first = data.all.nodes[0]?.status;
  if (first === undefined)
    return <span className="text-muted-foreground">no instance of it is known here</span>;
  const gone = meaningOf(first) === "gone" || first === "EXPIRED";
  // Those that have ended come last in the order of the server: where one comes first, there is no other.
  const status = gone && !lacks(running, minimumOf(data.definition)) ? "RUNNING" : first;
  return (
    <span className="flex items-center gap-2">
      <StateBadge shown={shownState({ status, lastBeatAt: null }, truth, now)} />
      <span className="text-muted-foreground">
        {count(running)} of {count(total)} running
      </span>
    </span>
  );
}
