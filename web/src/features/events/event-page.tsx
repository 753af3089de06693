import { EventHistory } from "@/shared/events/documents";
import type { Whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { PageHead } from "@/shared/ui/page-head";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { EventFacts } from "./event-facts";

/** One event for good: its sequence is its address. */
export function EventPage({ sequence }: { sequence: Whole }) {
  const before = String(BigInt(sequence) + 1n);
  const { data, error, again } = useQuery(EventHistory, { last: 1, before, filter: null });
  const event = data?.events.nodes.find((each) => each.sequence === sequence);
  return (
    <>
      <PageHead title={`Event ${sequence}`} crumbs={[{ label: "Events", to: "/events" }]} />
      {error && <ErrorView error={error} onRetry={again} />}
      {!data && !error && <Loading what="the event" onRetry={again} />}
      {data && !event && <Empty title={`There is no event at ${sequence}.`} />}
      {event && (
        <EventFacts event={event} className="m-4 mt-1 max-w-3xl rounded border border-border bg-card p-4" />
      )}
    </>
  );
}
