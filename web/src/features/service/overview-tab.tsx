import { count } from "@/shared/figures/format";
import { MethodsTable } from "@/shared/methods/methods-table";
import { MetricsGrid } from "@/shared/metrics/metrics-grid";
import { Panel } from "@/shared/ui/panel";
import { DefinitionFacts } from "./definition-facts";
import { NeighboursList } from "./dependencies/neighbours-list";
import { GroupsList } from "./groups-list";
import { InstancesList } from "./instances-list";
import { UptimeLane } from "./uptime-lane";
import type { Seen } from "./use-service";

/** Charts on the left; on the right what the service consists of. */
export function OverviewTab({ seen }: { seen: Seen }) {
  const { service, page, groups } = seen;
  return (
    <div className="grid grid-cols-1 gap-3 @min-[64rem]:grid-cols-[minmax(0,1fr)_20rem] @min-[90rem]:grid-cols-[minmax(0,1fr)_26rem]">
      <div className="@container flex min-w-0 flex-col gap-3">
        <UptimeLane service={service.name} />
        <MetricsGrid service={service.name} instance={null} />
        <Panel title="Methods" note="in the last minute" bodyClass="p-0">
          <MethodsTable service={service.name} instance={null} />
        </Panel>
      </div>
      <div className="flex min-w-0 flex-col gap-3">
        <Panel title="Instances" note={count(page.total)} bodyClass="p-0">
          <InstancesList seen={seen} />
        </Panel>
        <Panel title="Groups" note={count(groups)} bodyClass="p-0">
          <GroupsList seen={seen} />
        </Panel>
        <Panel title="Dependencies" bodyClass="p-0">
          <NeighboursList service={service.name} />
        </Panel>
        <Panel title="Definition">
          <DefinitionFacts seen={seen} />
        </Panel>
      </div>
    </div>
  );
}
