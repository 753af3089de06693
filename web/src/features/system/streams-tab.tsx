import { useState } from "react";
import { bytes, count, NONE } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { mayAs, useSession } from "@/shared/session/store";
import { formatAge } from "@/shared/time/duration";
import { Moment } from "@/shared/time/moment";
import { Denied, ErrorView, Loading } from "@/shared/ui/states";
import { chosenRow, rowClass, Table } from "@/shared/ui/table";
import { StreamConsumers, Streams } from "./documents";
import { days, StorageLine } from "./storage-line";

const EVERY_MS = 5_000;

const columns = [
  { label: "Stream" },
  { label: "Messages", right: true },
  { label: "Bytes", right: true },
  { label: "Kept for", right: true, className: "max-lg:hidden" },
  { label: "At most", right: true, className: "max-lg:hidden" },
  { label: "Grows a day", right: true, className: "max-lg:hidden" },
  { label: "Full in", right: true },
  { label: "Last message", className: "max-lg:hidden" },
  { label: "Copies", right: true },
  { label: "JetStream leader" },
  { label: "Consumers", right: true },
];

/** The streams of JetStream; of the one that is chosen, its consumers. */
export function StreamsTab() {
  const viewer = useSession((s) => s.viewer);
  const may = mayAs(viewer, "AUDITOR");
  const { data, error, again } = useQuery(Streams, may ? {} : null, { every: EVERY_MS });
  const [chosen, setChosen] = useState<string | null>(null);
  if (!may) return <Denied needs="AUDITOR" is={viewer?.role ?? null} />;
  if (!data) {
    return error ? <ErrorView error={error} onRetry={again} /> : <Loading what="streams" onRetry={again} />;
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <StorageLine />
      <Table label="Streams" columns={columns}>
        {data.streams.map((stream) => (
          <tr
            key={stream.name}
            data-testid="stream-row"
            className={cn(rowClass, chosen === stream.name && chosenRow)}
          >
            <th scope="row" className="px-2 text-left font-mono font-normal text-xs">
              <button
                type="button"
                className="cursor-pointer hover:underline"
                aria-pressed={chosen === stream.name}
                onClick={() => setChosen(chosen === stream.name ? null : stream.name)}
              >
                {stream.name}
              </button>
            </th>
            <td className="px-2 text-right">{count(stream.messages)}</td>
            <td className="px-2 text-right">{bytes(stream.bytes)}</td>
            <td className="px-2 text-right max-lg:hidden">
              {stream.maxAgeSeconds === null ? "always" : formatAge(Number(stream.maxAgeSeconds) * 1000)}
            </td>
            <td className="px-2 text-right max-lg:hidden">
              {stream.maxBytes === null ? "no limit" : bytes(stream.maxBytes)}
            </td>
            <td className="px-2 text-right max-lg:hidden">
              {stream.bytesPerDay === null ? NONE : bytes(Math.round(stream.bytesPerDay))}
            </td>
            <td className="whitespace-nowrap px-2 text-right">
              {stream.daysLeft === null ? NONE : `${days(stream.daysLeft)} d`}
            </td>
            <td className="px-2 max-lg:hidden">
              {stream.lastAt === null ? NONE : <Moment at={stream.lastAt} />}
            </td>
            <td
              className={cn(
                "px-2 text-right",
                Number(stream.replicasCurrent) < Number(stream.replicas) && "font-medium text-bad",
              )}
            >
              {count(stream.replicasCurrent)} of {count(stream.replicas)}
            </td>
            <td className="px-2 font-mono text-xs">{stream.jetStreamLeader ?? NONE}</td>
            <td className="px-2 text-right">{count(stream.consumers)}</td>
          </tr>
        ))}
      </Table>
      {chosen !== null && <ConsumersOf stream={chosen} />}
      <p className="px-4 py-2 text-muted-foreground text-xs max-xl:px-3">
        As the servers of JetStream tell it; growth from the first message to the last one. A stream that
        forgets as much as it takes is never full. A JetStream leader keeps the stream, and owns no group.
      </p>
    </div>
  );
}

const consumerColumns = [
  { label: "Consumer" },
  { label: "Waiting", right: true },
  { label: "Not acknowledged", right: true },
  { label: "Delivered again", right: true },
  { label: "Reader" },
  { label: "Last delivery" },
  { label: "JetStream leader" },
];

function ConsumersOf({ stream }: { stream: string }) {
  const { data, error, again } = useQuery(StreamConsumers, { stream }, { every: EVERY_MS });
  if (!data) {
    return error ? <ErrorView error={error} onRetry={again} /> : <Loading what="its consumers" rows={2} />;
  }
  return (
    <section aria-label={`Consumers of ${stream}`} className="mt-3 border-border border-t">
      <h2 className="px-2 py-1 font-semibold text-panel">Consumers of {stream}</h2>
      {data.consumers.length === 0 ? (
        <p className="px-2 pb-2 text-muted-foreground">Nobody reads it by a consumer now.</p>
      ) : (
        <Table label={`Consumers of ${stream}`} columns={consumerColumns}>
          {data.consumers.map((consumer) => (
            <tr key={consumer.name} className={rowClass}>
              <th scope="row" className="px-2 text-left font-mono font-normal text-xs">
                {consumer.name}
                {!consumer.durable && <span className="text-muted-foreground"> · for now</span>}
              </th>
              <td className="px-2 text-right">{count(consumer.pending)}</td>
              <td className="px-2 text-right">{count(consumer.ackPending)}</td>
              <td className="px-2 text-right">{count(consumer.redelivered)}</td>
              <td className="px-2">{consumer.hasReader ? "read" : "no reader"}</td>
              <td className="px-2">
                {consumer.deliveredAt === null ? NONE : <Moment at={consumer.deliveredAt} />}
              </td>
              <td className="px-2 font-mono text-xs">{consumer.jetStreamLeader ?? NONE}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
