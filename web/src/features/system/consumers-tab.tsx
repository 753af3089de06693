import { count } from "@/shared/figures/format";
import { order } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { ServiceLink } from "@/shared/ui/object-link";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { rowClass, Table } from "@/shared/ui/table";
import { ConsumerLags } from "./documents";

const EVERY_MS = 5_000;

const columns = [{ label: "Consumer" }, { label: "Service" }, { label: "Waiting messages", right: true }];

/** What waits for the consumers that services take events and commands by, the longest queue first. */
export function ConsumersTab() {
  const { data, error, again } = useQuery(ConsumerLags, {}, { every: EVERY_MS });
  if (!data) {
    return error ? <ErrorView error={error} onRetry={again} /> : <Loading what="consumers" onRetry={again} />;
  }
  const lags = data.services.nodes
    .flatMap(({ name, lag }) => lag.map((each) => ({ service: name, ...each })))
    .sort((a, b) => order(b.pending, a.pending) || a.consumer.localeCompare(b.consumer));
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {lags.length === 0 ? (
        <Empty title="No service tells of a consumer.">
          Those that take events or commands tell with their heartbeats how much waits for them.
        </Empty>
      ) : (
        <Table label="Consumers" columns={columns}>
          {lags.map(({ service, consumer, pending }) => (
            <tr key={`${service} ${consumer}`} className={rowClass}>
              <th scope="row" className="px-2 text-left font-mono font-normal text-xs">
                {consumer}
              </th>
              <td className="px-2">
                <ServiceLink service={service} />
              </td>
              <td className="px-2 text-right">{count(pending)}</td>
            </tr>
          ))}
        </Table>
      )}
      <p className="px-4 py-2 text-muted-foreground text-xs max-xl:px-3">
        As instances told with their last heartbeats. What JetStream tells of the consumers of a stream stands
        under Streams.
      </p>
    </div>
  );
}
