import { ChevronLeft, ChevronRight } from "lucide-react";
import { Link } from "react-router";
import { Button } from "@/components/ui/button";
import type { Whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { CopyLink } from "@/shared/ui/copy-link";
import { PageHead } from "@/shared/ui/page-head";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { eventPath, useKeeping } from "@/shared/url/links";
import { OneEvent } from "./documents";
import { EventFacts } from "./event-facts";

/** One event for good: its sequence is its address. */
export function EventPage({ sequence }: { sequence: Whole }) {
  const { data, error, again } = useQuery(OneEvent, { sequence });
  const keeping = useKeeping();
  const event = data?.event ?? null;
  const number = BigInt(sequence);
  return (
    <>
      <PageHead
        title={`Event ${sequence}`}
        crumbs={[{ label: "Events", to: "/events" }]}
        actions={
          <>
            <CopyLink />
            {number > 1n && (
              <Button variant="outline" asChild>
                <Link to={keeping(eventPath(number - 1n))}>
                  <ChevronLeft aria-hidden="true" /> {String(number - 1n)}
                </Link>
              </Button>
            )}
            <Button variant="outline" asChild>
              <Link to={keeping(eventPath(number + 1n))}>
                {String(number + 1n)} <ChevronRight aria-hidden="true" />
              </Link>
            </Button>
            <Button variant="outline" asChild>
              <Link to={keeping(`/events?top=${sequence}&event=${sequence}`)}>In the list</Link>
            </Button>
          </>
        }
      />
      {!data && (error ? <ErrorView error={error} onRetry={again} /> : <Loading what="the event" />)}
      {data && !event && (
        <Empty title={`There is no event at ${sequence}.`}>
          The log does not reach so far, or the index has forgotten it.
        </Empty>
      )}
      {event && (
        <EventFacts
          key={String(sequence)}
          event={event}
          filters={false}
          className="m-4 mt-1 max-w-4xl rounded border border-border bg-card p-4"
        />
      )}
    </>
  );
}
