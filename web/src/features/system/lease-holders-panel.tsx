import { count, NONE } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { hasEnded } from "@/shared/status/status";
import { formatSpan } from "@/shared/time/duration";
import { InstanceLink } from "@/shared/ui/object-link";
import { Panel } from "@/shared/ui/panel";
import { Loading, Problem } from "@/shared/ui/states";
import { rowClass, Table } from "@/shared/ui/table";
import { LeaseHolders, LeasesOf } from "./documents";
import { LeaseShare } from "./lease-share";
import { NatsServer } from "./nats-server";

const EVERY_MS = 5_000;
/** So many are asked about: more of them are found on their own pages. */
const ASKED_MAX = 200;

const columns = [
  { label: "Instance" },
  { label: "Service" },
  { label: "Owner of", right: true },
  { label: "Lease left at worst" },
  { label: "NATS server" },
];

/** Which server each instance is connected to, and how its leases are doing. */
export function LeaseHoldersPanel() {
  const every = useEvery(EVERY_MS);
  const { data, error, again } = useQuery(LeaseHolders, { first: ASKED_MAX }, every);
  const holders = (data?.instances.nodes ?? []).filter(
    ({ status, standsForCount, groups }) => !hasEnded(status) && (standsForCount > 0 || groups.length > 0),
  );
  const ids = holders.map(({ id }) => id);
  const leases = useQuery(LeasesOf, ids.length === 0 ? null : { ids }, every);
  const told = new Map((leases.data?.leases ?? []).map((lease) => [lease.id, lease]));
  const unseen = Number(data?.instances.totalCount ?? 0) - (data?.instances.nodes.length ?? 0);
  const trouble = error ?? leases.error;
  return (
    <Panel
      title="Instances"
      note="that take part in elections; the least share of the lease that was left in the last minute"
      className="col-span-full"
      bodyClass="overflow-x-auto p-0"
    >
      {trouble && <Problem error={trouble} onRetry={again} />}
      {!data && !error && <Loading what="the instances" rows={3} />}
      {data && holders.length === 0 && (
        <p className="p-3 text-muted-foreground">No instance takes part in elections.</p>
      )}
      {holders.length > 0 && (
        <Table label="Instances that take part in elections" columns={columns}>
          {holders.map(({ id, service, instance, groups }) => {
            const lease = told.get(id);
            return (
              <tr key={id} data-testid="lease-row" className={rowClass}>
                <th scope="row" className="px-2 text-left font-normal">
                  <InstanceLink service={service} instance={instance} />
                </th>
                <td className="px-2 text-muted-foreground">{service}</td>
                <td className="px-2 text-right">{count(groups.length)}</td>
                <td className="px-2">
                  {lease ? (
                    <LeaseShare percent={lease.lowestPercent} of={formatSpan(Number(lease.ms))} />
                  ) : (
                    <span className="text-muted-foreground">{NONE}</span>
                  )}
                </td>
                <td className="px-2">
                  <NatsServer name={lease?.natsServer ?? null} />
                </td>
              </tr>
            );
          })}
        </Table>
      )}
      {unseen > 0 && (
        <p className="p-2 text-muted-foreground text-xs">
          The first {count(ASKED_MAX)} instances by name were looked at; {count(unseen)} more are not here.
        </p>
      )}
    </Panel>
  );
}
