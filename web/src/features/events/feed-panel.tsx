import { Pause, Play } from "lucide-react";
import { useMemo } from "react";
import { Link } from "react-router";
import { Button } from "@/components/ui/button";
import { formatClock, formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { ErrorView } from "@/shared/ui/states";
import type { Event } from "./documents";
import { EventType } from "./event-line";
import { useEvents } from "./store";
import { useHold } from "./use-hold";

const SHOWN = 100;
const none: readonly Event[] = [];

/** The newest events beside the dashboard, newest on top; each leads to its detail. */
export function FeedPanel() {
  const { events, error } = useEvents();
  const { shown, waiting, held, hold, release } = useHold(events ?? none);
  const lines = useMemo(() => shown.slice(-SHOWN).reverse(), [shown]);
  return (
    <section aria-label="Live events" className="flex min-h-48 flex-1 flex-col">
      <header className="flex h-10 shrink-0 items-center gap-2 px-3">
        <h2 className="font-semibold">Events</h2>
        <Link to="/events" className="text-muted-foreground text-xs underline underline-offset-2">
          all
        </Link>
        <Button
          className="ml-auto h-6"
          size="sm"
          variant={held ? "notice" : "ghost"}
          onClick={held ? release : hold}
        >
          {held ? <Play aria-hidden="true" /> : <Pause aria-hidden="true" />}
          {held ? `${waiting} new` : "Pause"}
        </Button>
      </header>
      {error && events === null && <ErrorView error={error} />}
      {events !== null && lines.length === 0 && <p className="px-3 text-muted-foreground">No event yet.</p>}
      <ol
        tabIndex={0}
        aria-label="Newest events"
        className="min-h-0 flex-1 overflow-auto -outline-offset-2 max-xl:max-h-72"
      >
        {lines.map((event) => (
          <FeedLine key={event.sequence} event={event} />
        ))}
      </ol>
    </section>
  );
}

function FeedLine({ event }: { event: Event }) {
  const zone = useZone((s) => s.zone);
  return (
    <li
      data-testid="feed-event"
      data-sequence={event.sequence}
      data-type={event.type}
      data-aggregate={event.aggregate}
      className="border-border border-b"
    >
      <Link
        to={`/events?event=${event.sequence}`}
        className="block px-3 py-1 -outline-offset-2 hover:bg-accent"
      >
        <span className="flex items-center gap-2">
          <EventType event={event} className="font-medium" />
          <time
            dateTime={event.time}
            title={formatMoment(event.time, zone)}
            className="ml-auto shrink-0 text-muted-foreground text-xs"
          >
            {formatClock(event.time, zone).slice(0, 8)}
          </time>
        </span>
        <span className="block truncate text-muted-foreground text-xs" title={event.summary}>
          {event.summary}
        </span>
      </Link>
    </li>
  );
}
