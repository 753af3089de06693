import { MetricsGrid } from "@/shared/metrics/metrics-grid";
import { Panel } from "@/shared/ui/panel";
import { DefinitionFacts } from "./definition-facts";
import { DependenciesList } from "./dependencies-list";
import type { ServiceOf } from "./documents";
import { GroupsList } from "./groups-list";
import { InstancesList } from "./instances-list";

/** Charts on the left; on the right what the service consists of. */
export function OverviewTab({ service }: { service: ServiceOf }) {
  return (
    <div className="grid grid-cols-1 gap-3 @min-[64rem]:grid-cols-[minmax(0,1fr)_20rem] @min-[90rem]:grid-cols-[minmax(0,1fr)_26rem]">
      <div className="@container min-w-0">
        <MetricsGrid service={service.name} instance={null} />
      </div>
      <div className="flex min-w-0 flex-col gap-3">
        <Panel title="Instances" note={service.instances.length} bodyClass="p-0">
          <InstancesList service={service} />
        </Panel>
        <Panel title="Groups" note={service.leaders.length} bodyClass="p-0">
          <GroupsList service={service} />
        </Panel>
        <Panel title="Calls" bodyClass="p-0">
          <DependenciesList service={service} />
        </Panel>
        <Panel title="Definition">
          <DefinitionFacts service={service} />
        </Panel>
      </div>
    </div>
  );
}
