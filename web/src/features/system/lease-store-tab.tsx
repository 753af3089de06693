import { CircleCheck, CircleX } from "lucide-react";
import type { ReactNode } from "react";
import { count, duration, plural } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { useEvery } from "@/shared/live/use-every";
import { Panel } from "@/shared/ui/panel";
import { ErrorView, Loading, Problem } from "@/shared/ui/states";
import { rowClass, Table } from "@/shared/ui/table";
import { type LeaseStore, LeaseStoreNow } from "./documents";
import { LeaseHoldersPanel } from "./lease-holders-panel";
import { LeaseShare } from "./lease-share";
import { NatsServer } from "./nats-server";

const EVERY_MS = 5_000;

/** The store that decides who owns what, and who depends on which server of it. */
export function LeaseStoreTab() {
  const { data, error, again } = useQuery(LeaseStoreNow, {}, useEvery(EVERY_MS));
  if (!data) {
    return error ? (
      <ErrorView error={error} onRetry={again} />
    ) : (
      <Loading what="the lease store" onRetry={again} />
    );
  }
  const store = data.leaseStore;
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_minmax(0,2fr)] items-start gap-3 p-4 max-xl:p-3 max-lg:grid-cols-1">
      {error && <Problem error={error} onRetry={again} />}
      <StorePanel store={store} />
      <NodesPanel nodes={store.nodes} />
      <LeaseHoldersPanel />
    </div>
  );
}

function StorePanel({ store }: { store: LeaseStore }) {
  const answers = store.readMs !== null;
  const whole = store.replicasCurrent >= store.replicas;
  return (
    <Panel title="Lease store" note="decides who owns what">
      <dl className="grid grid-cols-[8rem_minmax(0,1fr)] gap-x-2 gap-y-1" data-testid="lease-store">
        <Row name="Kind">{store.kind}</Row>
        <Row name="Stream">
          <span className="font-mono text-xs">{store.stream}</span>
        </Row>
        <Row name="Round trip">
          <Good is={answers}>
            {answers ? `${duration(store.readMs)}, read just now` : "no answer within a second"}
          </Good>
        </Row>
        <Row name="Copies">
          <Good is={whole}>
            {count(store.replicasCurrent)} of {count(store.replicas)} current
          </Good>
        </Row>
        <Row name="JetStream leader">
          {store.jetStreamLeader === null && store.replicas === 1 ? (
            "none: there is no cluster"
          ) : (
            <NatsServer name={store.jetStreamLeader} />
          )}
        </Row>
      </dl>
    </Panel>
  );
}

const columns = [
  { label: "NATS server" },
  { label: "Instances", right: true },
  { label: "Groups owned", right: true },
  { label: "Lease left at worst" },
];

function NodesPanel({ nodes }: { nodes: LeaseStore["nodes"] }) {
  return (
    <Panel
      title="By NATS server"
      note="to which instances that take part in elections are connected"
      bodyClass="overflow-x-auto p-0"
    >
      {nodes.length === 0 ? (
        <p className="p-3 text-muted-foreground">No instance takes part in elections.</p>
      ) : (
        <Table label="By NATS server" columns={columns}>
          {nodes.map(({ natsServer, instances, groups, lowestPercent }) => (
            <tr key={natsServer ?? "unknown"} className={rowClass}>
              <th scope="row" className="px-2 text-left font-normal">
                {natsServer === null ? "not known" : <NatsServer name={natsServer} />}
              </th>
              <td className="px-2 text-right">{count(instances)}</td>
              <td className="px-2 text-right">{count(groups)}</td>
              <td className="px-2">
                <LeaseShare percent={lowestPercent} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      {nodes.length > 1 && (
        <p className="p-2 text-muted-foreground text-xs">
          When one of {plural(nodes.length, "server")} goes, its instances connect to another.
        </p>
      )}
    </Panel>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted-foreground">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

function Good({ is, children }: { is: boolean; children: ReactNode }) {
  const Icon = is ? CircleCheck : CircleX;
  return (
    <span className={cn("inline-flex items-center gap-1", is ? "text-ok" : "font-medium text-bad")}>
      <Icon aria-hidden="true" className="size-3.5" />
      <span>{children}</span>
    </span>
  );
}
