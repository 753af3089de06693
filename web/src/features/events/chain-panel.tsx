import { Link } from "react-router";
import { type Event, EventHistory } from "@/shared/events/documents";
import { EventType } from "@/shared/events/event-type";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { formatSpan } from "@/shared/time/duration";
import { Problem } from "@/shared/ui/states";
import { eventPath, useKeeping } from "@/shared/url/links";
import { type Link as ChainLink, eventsOf } from "./chain";
import { useChain } from "./use-chain";

const TOGETHER_MAX = 50;

/** Cause and effects of an event as a tree, and what else came of the same request; nothing where it stands alone. */
export function ChainPanel({ event }: { event: Event }) {
  const { correlationId } = event;
  const keeping = useKeeping();
  const { chain, error } = useChain(event);
  const together = useQuery(
    EventHistory,
    correlationId === null ? null : { last: TOGETHER_MAX, before: null, filter: { correlationId } },
  );
  if (error) return <Problem error={error} />;
  if (!chain) return null;
  const inChain = new Set(eventsOf(chain.root).map(({ id }) => id));
  const others = correlationId === null ? [] : (together.data?.events.nodes ?? []);
  const apart = others.filter(({ id }) => !inChain.has(id));
  const alone = inChain.size === 1 && chain.origin === null;
  if (alone && apart.length === 0) return null;
  return (
    <>
      {!alone && (
        <section aria-label="Cause and effects">
          <h3 className="mb-1 font-semibold">Cause and effects</h3>
          {chain.origin !== null && (
            <p className="truncate text-muted-foreground text-xs" title={chain.origin}>
              began with {chain.origin}, which is no event here
            </p>
          )}
          <ul>
            <Branch link={chain.root} cause={null} looked={event.id} />
          </ul>
          {chain.cut && (
            <p className="text-muted-foreground text-xs">
              There may be more: go to an event of it to see its own effects.
            </p>
          )}
        </section>
      )}
      {correlationId !== null && apart.length > 0 && (
        <section aria-label="Of the same request">
          <h3 className="mb-1 flex items-baseline gap-2 font-semibold">
            Of the same request
            <Link
              to={keeping(`/events?correlation=${encodeURIComponent(correlationId)}`)}
              className="font-normal text-primary text-xs hover:underline"
            >
              all of it in the list
            </Link>
          </h3>
          <ul>
            {apart.map((each) => (
              <li key={each.id}>
                <Line event={each} cause={null} looked={event.id} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

interface BranchProps {
  link: ChainLink;
  cause: Event | null;
  /** The event whose page it is. */
  looked: string;
}

function Branch({ link: { event, effects }, cause, looked }: BranchProps) {
  return (
    <li data-testid="chain-link" data-sequence={String(event.sequence)}>
      <Line event={event} cause={cause} looked={looked} />
      {effects.length > 0 && (
        <ul className="ml-2 border-input border-l pl-3">
          {effects.map((each) => (
            <Branch key={each.event.id} link={each} cause={event} looked={looked} />
          ))}
        </ul>
      )}
    </li>
  );
}

interface LineProps {
  event: Event;
  cause: Event | null;
  looked: string;
}

/** One event of it, and how long after its cause it came. */
function Line({ event, cause, looked }: LineProps) {
  const keeping = useKeeping();
  const after = cause && Date.parse(event.time) - Date.parse(cause.time);
  const here = event.id === looked;
  return (
    <div className={cn("flex h-6 min-w-0 items-center gap-1.5", here && "font-semibold")}>
      <Link
        to={keeping(eventPath(event.sequence))}
        aria-current={here ? "true" : undefined}
        className="shrink-0 font-mono text-xs hover:underline"
      >
        {String(event.sequence)}
      </Link>
      <EventType event={event} className="shrink-0" />
      <span className="min-w-0 flex-1 truncate text-muted-foreground" title={event.summary}>
        {event.summary}
      </span>
      {after !== null && (
        <span className="shrink-0 text-muted-foreground text-xs" title="after its cause">
          {after < 0 ? `−${formatSpan(-after)}` : `+${formatSpan(after)}`}
        </span>
      )}
    </div>
  );
}
