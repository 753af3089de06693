import { useQuery } from "@/shared/graphql/use-query";
import { Panel } from "@/shared/ui/panel";
import { ErrorView, Loading, Problem } from "@/shared/ui/states";
import { capabilitiesOf } from "../capabilities";
import { ServiceCalls, type ServiceOf } from "../documents";
import { DependencyMap } from "./dependency-map";
import { NeighboursTable } from "./neighbours-table";
import { useNeighbours } from "./use-neighbours";

export function DependenciesTab({ service }: { service: ServiceOf }) {
  const { near, error } = useNeighbours(service.name);
  const { data } = useQuery(ServiceCalls, { service: service.name });
  const capabilities = capabilitiesOf(data?.instances.nodes ?? []);
  return (
    <>
      <Panel title="Dependencies" note="since the instances of the callers started" bodyClass="p-0">
        {error && (near ? <Problem error={error} /> : <ErrorView error={error} />)}
        {!near && !error && <Loading what="its dependencies" rows={4} />}
        {near && near.calls.length + near.usedBy.length > 0 && <DependencyMap near={near} />}
        {near && <NeighboursTable near={near} />}
      </Panel>
      <div className="grid grid-cols-1 gap-3 @min-[56rem]:grid-cols-2">
        <Panel title="Answers to" note={capabilities.length} bodyClass="p-0">
          {capabilities.length === 0 ? (
            <p className="p-3 text-muted-foreground">Its instances name no method.</p>
          ) : (
            <ul>
              {capabilities.map((name) => (
                <li key={name} className="border-border border-b px-3 py-1 font-mono text-xs last:border-b-0">
                  {name}
                </li>
              ))}
            </ul>
          )}
        </Panel>
        {service.lag.length > 0 && (
          <Panel title="Waits for its consumers" bodyClass="p-0">
            <ul>
              {service.lag.map(({ consumer, pending }) => (
                <li key={consumer} className="flex border-border border-b px-3 py-1 last:border-b-0">
                  <span className="font-mono text-xs">{consumer}</span>
                  <span className="ml-auto">{String(pending)} messages</span>
                </li>
              ))}
            </ul>
          </Panel>
        )}
      </div>
    </>
  );
}
