import { count } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { hasEnded } from "@/shared/status/status";
import { Panel } from "@/shared/ui/panel";
import { ErrorView, Loading, Problem } from "@/shared/ui/states";
import { InstancesByVersion, type ServiceOf } from "../documents";
import { Comparison } from "./comparison";
import { rolloutOf } from "./rollout";
import { RolloutTable } from "./rollout-table";

const EVERY_MS = 5_000;

/** The versions that run beside each other, and any two things over each other. */
export function CompareTab({ service }: { service: ServiceOf }) {
  const { name, definition } = service;
  const { data, error, again } = useQuery(InstancesByVersion, { service: name }, useEvery(EVERY_MS));
  if (!data)
    return error ? (
      <ErrorView error={error} onRetry={again} />
    ) : (
      <Loading what="the versions" onRetry={again} />
    );
  const { nodes, totalCount } = data.instances;
  const rows = rolloutOf(nodes);
  const of =
    nodes.length < Number(totalCount) ? `of the first ${count(nodes.length)} instances` : "last minute";
  const live = nodes.filter(({ status }) => !hasEnded(status));
  return (
    <>
      {error && <Problem error={error} onRetry={again} />}
      <Panel title="Roll-out" note={of} bodyClass="p-0">
        {rows.length === 0 ? (
          <p className="p-3 text-muted-foreground">None of its instances lives.</p>
        ) : (
          <RolloutTable service={name} rows={rows} declared={definition?.version ?? null} />
        )}
      </Panel>
      <Comparison service={name} instances={live} versions={rows.map(({ version }) => version)} />
    </>
  );
}
