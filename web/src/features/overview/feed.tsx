import { memo, useMemo } from "react";
import { Link } from "react-router";
import type { Event } from "@/shared/events/documents";
import { EventType } from "@/shared/events/event-type";
import { type FeedLine, foldRuns, withoutHealed } from "@/shared/events/fold";
import { useEvents } from "@/shared/events/store";
import { Moment } from "@/shared/time/moment";
import { ErrorView } from "@/shared/ui/states";
import { eventPath, useKeeping } from "@/shared/url/links";
import { useShownEvents } from "./use-shown-events";

const SHOWN = 60;
/** A run of so many names them all. */
const NAMED = 3;
const none: readonly Event[] = [];

/** The newest events, newest on top; runs are folded. */
export const Feed = memo(function Feed() {
  const error = useEvents((s) => s.error);
  const events = useShownEvents();
  const lines = useMemo(() => foldRuns(withoutHealed(events ?? none)).slice(0, SHOWN), [events]);
  const keeping = useKeeping();
  return (
    <section aria-label="Live events" className="flex flex-col">
      <header className="sticky top-0 flex h-8 shrink-0 items-center gap-2 border-border border-b bg-card px-3">
        <h2 className="font-semibold text-panel">Events</h2>
        <Link to={keeping("/events")} className="text-muted-foreground text-xs underline underline-offset-2">
          all
        </Link>
      </header>
      {error && events === null && <ErrorView error={error} />}
      {events !== null && lines.length === 0 && (
        <p className="px-3 py-2 text-muted-foreground">No event yet.</p>
      )}
      <ol>
        {lines.map((line) => (
          <Line key={line.key} line={line} />
        ))}
      </ol>
    </section>
  );
});

function Line({ line: { event, count, names } }: { line: FeedLine }) {
  const keeping = useKeeping();
  const different = [...new Set(names)];
  const about =
    different.length <= NAMED
      ? different.join(", ")
      : `${different[0]} to ${different[different.length - 1]}`;
  return (
    <li
      data-testid="feed-event"
      data-sequence={String(event.sequence)}
      data-type={event.type}
      data-aggregate={event.aggregate}
      data-count={count}
      className="border-border border-b [contain-intrinsic-size:auto_2.75rem] [content-visibility:auto]"
    >
      <Link
        to={keeping(eventPath(event.sequence))}
        className="block px-3 py-1 -outline-offset-2 hover:bg-accent"
      >
        <span className="flex items-center gap-2">
          <EventType event={event} className="font-medium" />{" "}
          {count > 1 && <span className="rounded-full bg-muted px-1.5 text-xs">{count}</span>}{" "}
          <span className="ml-auto shrink-0 text-muted-foreground text-xs">
            <Moment at={event.time} />
          </span>
        </span>
        <span
          className="block truncate text-muted-foreground text-xs"
          title={count > 1 ? about : event.summary}
        >
          {count > 1 ? about : event.summary}
        </span>
      </Link>
    </li>
  );
}
