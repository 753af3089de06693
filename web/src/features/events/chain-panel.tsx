import { CornerDownRight } from "lucide-react";
import { Link } from "react-router";
import { type Event, EventHistory } from "@/shared/events/documents";
import { EventType } from "@/shared/events/event-type";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { eventPath, useKeeping } from "@/shared/url/links";
import { chainOf } from "./chain";

const MOST = 100;

/** Cause and effects of an event as a chain; nothing where it stands alone. */
export function ChainPanel({ event }: { event: Event }) {
  const { id, correlationId, causationId } = event;
  const keeping = useKeeping();
  const effects = useQuery(EventHistory, { last: MOST, before: null, filter: { causationId: id } });
  const together = useQuery(
    EventHistory,
    correlationId === null ? null : { last: MOST, before: null, filter: { correlationId } },
  );
  const related = [...(effects.data?.events.nodes ?? []), ...(together.data?.events.nodes ?? [])];
  const links = chainOf(event, related);
  const [first] = links;
  const unknown = first && first.event.causationId !== null ? first.event.causationId : null;
  if (links.length < 2 && causationId === null) return null;
  return (
    <section aria-label="Cause and effects">
      <h3 className="mb-1 font-semibold">Cause and effects</h3>
      <ol>
        {unknown && (
          <li className="truncate text-muted-foreground text-xs">
            caused by {unknown}, which is no event here
          </li>
        )}
        {links.map(({ event: each, depth }) => (
          <li
            key={each.id}
            style={{ paddingLeft: `${depth * 0.75}rem` }}
            className={cn("flex h-6 min-w-0 items-center gap-1.5", each.id === id && "font-semibold")}
          >
            {depth > 0 && (
              <CornerDownRight aria-hidden="true" className="size-3 shrink-0 text-muted-foreground" />
            )}
            <Link
              to={keeping(eventPath(each.sequence))}
              aria-current={each.id === id ? "true" : undefined}
              className="shrink-0 font-mono text-xs hover:underline"
            >
              {String(each.sequence)}
            </Link>
            <EventType event={each} className="shrink-0" />
            <span className="truncate text-muted-foreground" title={each.summary}>
              {each.summary}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
