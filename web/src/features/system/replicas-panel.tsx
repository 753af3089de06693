import { CircleCheck, CircleX } from "lucide-react";
import { count } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { useEvery } from "@/shared/live/use-every";
import { Moment } from "@/shared/time/moment";
import { Panel } from "@/shared/ui/panel";
import { Loading, Problem } from "@/shared/ui/states";
import { rowClass, Table } from "@/shared/ui/table";
import { type Replica, Replicas } from "./documents";
import { LAG_LIMIT } from "./findings";
import { NatsServer } from "./nats-server";

const EVERY_MS = 5_000;

const columns = [
  { label: "Replica" },
  { label: "Version" },
  { label: "Shows seq", right: true },
  { label: "Behind", right: true },
  { label: "Task" },
  { label: "Heartbeats" },
  { label: "Problems", right: true },
  { label: "NATS server", className: "max-lg:hidden" },
  { label: "Started", className: "max-lg:hidden" },
];

/** All replicas of the control plane that answer. */
export function ReplicasPanel() {
  const { data, error, again } = useQuery(Replicas, {}, useEvery(EVERY_MS));
  return (
    <Panel
      title="Replicas"
      note="those that answer within half a second"
      className="col-span-full"
      bodyClass="overflow-x-auto p-0"
    >
      {error && <Problem error={error} onRetry={again} />}
      {!data && !error && <Loading what="the replicas" rows={2} />}
      {data && (
        <Table label="Replicas" columns={columns}>
          {data.replicas.map((replica) => (
            <Row key={replica.id} replica={replica} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

function taskOf({ rebuildSequence, verifying }: Replica): string {
  const tasks = [
    ...(rebuildSequence === null ? [] : [`rebuilding, at seq ${count(rebuildSequence)}`]),
    ...(verifying ? ["verifying the log"] : []),
  ];
  return tasks.join("; ") || "none";
}

function Row({ replica }: { replica: Replica }) {
  const { id, host, mine, heartbeatsVisible, problems, projectionLag } = replica;
  const Icon = heartbeatsVisible ? CircleCheck : CircleX;
  return (
    <tr data-testid="replica-row" className={rowClass}>
      <th scope="row" className="whitespace-nowrap px-2 text-left font-medium" title={id}>
        {host === "" ? id.slice(0, 8) : host}{" "}
        <span className="font-normal font-mono text-muted-foreground text-xs">{id.slice(0, 8)}</span>
        {mine && <span className="font-normal text-muted-foreground"> · answers here</span>}
      </th>
      <td className="px-2">{replica.version}</td>
      <td className="px-2 text-right">{count(replica.asOfSequence)}</td>
      <td className={cn("px-2 text-right", projectionLag > LAG_LIMIT && "font-medium text-warn")}>
        {count(projectionLag)} {projectionLag === 1 ? "event" : "events"}
      </td>
      <td className="px-2">{taskOf(replica)}</td>
      <td className="whitespace-nowrap px-2">
        <span
          className={cn(
            "inline-flex items-center gap-1",
            heartbeatsVisible ? "text-ok" : "font-medium text-bad",
          )}
        >
          <Icon aria-hidden="true" className="size-3.5" />
          {heartbeatsVisible ? "can be read" : "cannot be read"}
        </span>
      </td>
      <td className={cn("px-2 text-right", problems > 0 && "font-medium text-warn")}>{count(problems)}</td>
      <td className="px-2 max-lg:hidden">
        <NatsServer name={replica.natsServer} />
      </td>
      <td className="whitespace-nowrap px-2 text-muted-foreground max-lg:hidden">
        <Moment at={replica.startedAt} />
      </td>
    </tr>
  );
}
