import { Link } from "react-router";
import { Button } from "@/components/ui/button";
import type { VariablesOf } from "@/gql";
import { EventHistory } from "@/shared/events/documents";
import { EventType } from "@/shared/events/event-type";
import { useQuery } from "@/shared/graphql/use-query";
import { Moment } from "@/shared/time/moment";
import { EventLink } from "@/shared/ui/object-link";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";

const SHOWN = 100;
const EVERY_MS = 5_000;

interface Props {
  filter: NonNullable<VariablesOf<typeof EventHistory>["filter"]>;
  /** The same list with all that the screen of events can do. */
  all: string;
}

/** The newest events of one thing, newest first. */
export function EventsOf({ filter, all }: Props) {
  const { data, error, again } = useQuery(
    EventHistory,
    { last: SHOWN, before: null, filter },
    { every: EVERY_MS },
  );
  if (!data) return error ? <ErrorView error={error} onRetry={again} /> : <Loading what="events" />;
  const events = [...data.events.nodes].reverse();
  if (events.length === 0) return <Empty title="Nothing is recorded of it." />;
  return (
    <div className="overflow-x-auto">
      <table className="w-full border-collapse">
        <thead className="bg-muted text-left text-xs">
          <tr>
            {["Seq", "Time", "Event", "Summary", "Actor"].map((label) => (
              <th key={label} scope="col" className="h-7 px-2 font-medium text-muted-foreground">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={String(event.sequence)} className="h-7 border-border border-b bg-card hover:bg-accent">
              <td className="px-2">
                <EventLink sequence={event.sequence} />
              </td>
              <td className="whitespace-nowrap px-2 text-muted-foreground">
                <Moment at={event.time} exact />
              </td>
              <td className="whitespace-nowrap px-2">
                <EventType event={event} />
              </td>
              <td className="w-full px-2">{event.summary}</td>
              <td className="max-w-60 truncate px-2 text-muted-foreground" title={event.actor}>
                {event.actor}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {data.events.pageInfo.hasPreviousPage && (
        <div className="flex justify-center p-2">
          <Button variant="outline" asChild>
            <Link to={all}>All events of it</Link>
          </Button>
        </div>
      )}
    </div>
  );
}
