import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Event } from "@/shared/events/documents";
import { EventType } from "@/shared/events/event-type";
import { kindLook } from "@/shared/events/kinds";
import { stringify } from "@/shared/graphql/exact";
import { cn } from "@/shared/lib/utils";
import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { EventLink, GroupLink, InstanceLink, ServiceLink } from "@/shared/ui/object-link";
import { sentence } from "@/shared/ui/states";

/** What an event says, what it is about, and its payload as it is stored. */
export function EventFacts({ event, className }: { event: Event; className?: string }) {
  const zone = useZone((s) => s.zone);
  return (
    <div className={cn("space-y-3", className)}>
      <EventType event={event} className="font-semibold" />
      <p>{sentence(event.summary)}</p>
      <dl className="grid grid-cols-[7rem_minmax(0,1fr)] gap-x-2 gap-y-1">
        <Field name="Time">{formatMoment(event.time, zone)}</Field>
        <Field name="Link">
          <EventLink sequence={event.sequence} />
        </Field>
        {event.service !== null && (
          <Field name="Service">
            <ServiceLink service={event.service} />
          </Field>
        )}
        <Field name={kindLook[event.kind].word}>
          <Subject event={event} />
        </Field>
        <Field name="Version of it">{event.aggregateVersion}</Field>
        <Field name="Actor">{event.actor}</Field>
        <Field name="Type">
          <span className="font-mono text-xs">{event.type}</span>
        </Field>
        <Field name="Event id">
          <span className="font-mono text-xs">{event.id}</span>
        </Field>
        {event.correlationId !== null && (
          <Field name="Correlation">
            <Link
              className="font-mono text-xs underline"
              to={`/events?q=${encodeURIComponent(event.correlationId)}`}
            >
              {event.correlationId}
            </Link>
          </Field>
        )}
        {event.causationId !== null && (
          <Field name="Caused by">
            <span className="font-mono text-xs">{event.causationId}</span>
          </Field>
        )}
      </dl>
      <div>
        <h3 className="mb-1 font-medium text-xs">Payload</h3>
        <pre className="overflow-auto rounded-sm border border-border bg-background p-2 font-mono text-xs">
          {stringify(event.data, 2)}
        </pre>
      </div>
    </div>
  );
}

/** The thing that the event is about, as a link where it has a page. */
function Subject({ event }: { event: Event }) {
  const { kind, service, aggregate } = event;
  if (service === null) return <>{aggregate}</>;
  const name = aggregate.slice(`${kind.toLowerCase()}.${service}.`.length);
  if (kind === "INSTANCE") return <InstanceLink service={service} instance={name} />;
  if (kind === "LEADERSHIP") return <GroupLink service={service} group={name} />;
  return <>{aggregate}</>;
}

function Field({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted-foreground">{name}</dt>
      <dd className="select-text break-words">{children}</dd>
    </>
  );
}
