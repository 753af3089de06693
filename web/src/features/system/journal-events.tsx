import { useState } from "react";
import { Button } from "@/components/ui/button";
import { bytes, NONE } from "@/shared/figures/format";
import { stringify } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { Moment } from "@/shared/time/moment";
import { ErrorView, Loading } from "@/shared/ui/states";
import { rowClass, Table } from "@/shared/ui/table";
import { type Journal, type JournalEvent, JournalEvents } from "./documents";
import { earlier, newest, PAGE } from "./journal-page";

const columns = [
  { label: "Seq", right: true },
  { label: "Time" },
  { label: "Aggregate" },
  { label: "Version", right: true },
  { label: "Event" },
  { label: "Body" },
  { label: "Actor" },
];

/** The events of a journal, as they stand there, a page at a time; first the newest. */
export function JournalEventsOf({ journal }: { journal: Journal }) {
  const [after, setAfter] = useState(() => newest(journal.lastSequence));
  const { data, error, again } = useQuery(JournalEvents, {
    journal: journal.name,
    aggregate: null,
    after,
    first: PAGE,
  });
  if (!data)
    return error ? <ErrorView error={error} onRetry={again} /> : <Loading what="its events" rows={2} />;
  const { nodes, pageInfo } = data.journalEvents;
  const before = earlier(after);
  const { hasNextPage, endCursor } = pageInfo;
  return (
    <section aria-label={`Events of ${journal.name}`} className="mt-3 border-border border-t">
      <div className="flex items-center gap-2 px-2 py-1">
        <h2 className="font-semibold text-panel">Events of {journal.name}</h2>
        <Button
          variant="outline"
          className="ml-auto"
          disabled={before === null}
          onClick={() => before !== null && setAfter(before)}
        >
          Earlier
        </Button>
        <Button variant="outline" disabled={!hasNextPage} onClick={() => endCursor && setAfter(endCursor)}>
          Later
        </Button>
      </div>
      <Table label={`Events of ${journal.name}`} columns={columns}>
        {nodes.map((event) => (
          <Row key={String(event.sequence)} event={event} />
        ))}
      </Table>
    </section>
  );
}

function Row({ event }: { event: JournalEvent }) {
  const body = event.data === null ? `${bytes(event.size)}, not shown` : stringify(event.data);
  return (
    <tr className={rowClass}>
      <td className="px-2 text-right">{String(event.sequence)}</td>
      <td className="whitespace-nowrap px-2 text-muted-foreground">
        {event.recordedAt === null ? NONE : <Moment at={event.recordedAt} exact />}
      </td>
      <td className="max-w-60 truncate px-2 font-mono text-xs" title={event.subject}>
        {event.aggregate ?? event.subject}
      </td>
      <td className="px-2 text-right">
        {event.aggregateVersion === null ? NONE : String(event.aggregateVersion)}
      </td>
      {event.unreadable === null ? (
        <td className="whitespace-nowrap px-2 font-mono text-xs">{event.type}</td>
      ) : (
        <td className="px-2 text-bad">no readable event: {event.unreadable}</td>
      )}
      <td className="w-full max-w-0 truncate px-2 font-mono text-xs" title={body}>
        {body}
      </td>
      <td className="max-w-60 truncate px-2 text-muted-foreground" title={event.actor ?? undefined}>
        {event.actor ?? NONE}
      </td>
    </tr>
  );
}
