import type { ReactNode } from "react";
import type { Event } from "@/shared/events/documents";
import { EventType } from "@/shared/events/event-type";
import { kindLook } from "@/shared/events/kinds";
import { cn } from "@/shared/lib/utils";
import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { TraceLink } from "@/shared/traces/trace-link";
import { DefinitionLink, EventLink, GroupLink, InstanceLink, ServiceLink } from "@/shared/ui/object-link";
import { ChainMark } from "@/shared/verification/chain-mark";
import { markOf } from "@/shared/verification/chain-state";
import { Progress } from "@/shared/verification/progress";
import { useVerification } from "@/shared/verification/use-verification";
import { Actor } from "./actor";
import { ChainPanel } from "./chain-panel";
import { ChangePanel } from "./change-panel";
import { PayloadPanel } from "./payload-panel";
import type { Field } from "./value-filters";
import { ValueButton } from "./value-menu";

interface Props {
  event: Event;
  /** Whether values lead to filters: where there is a list to filter. */
  filters: boolean;
  className?: string;
}

/** What an event says, what it is about and what it changed, its cause and effects, and its payload. */
export function EventFacts({ event, filters, className }: Props) {
  const zone = useZone((s) => s.zone);
  const by = (field: Field, value: string): ReactNode =>
    filters && <ValueButton field={field} value={value} />;
  return (
    <div className={cn("space-y-3", className)}>
      <p className="font-medium">{event.summary}</p>
      <dl className="grid grid-cols-[7rem_minmax(0,1fr)] items-center gap-x-2 gap-y-0.5">
        <Row name="Type">
          <EventType event={event} />
          {by("type", event.type)}
        </Row>
        <Row name="Time">{formatMoment(event.time, zone)}</Row>
        {event.recordedAt !== event.time && <Row name="Recorded">{formatMoment(event.recordedAt, zone)}</Row>}
        {event.service !== null && (
          <Row name="Service">
            <ServiceLink service={event.service} />
            {by("service", event.service)}
          </Row>
        )}
        <Row name={kindLook[event.kind].word}>
          <Subject event={event} />
          {by("aggregate", event.aggregate)}
        </Row>
        <Row name="Version of it">{String(event.aggregateVersion)}</Row>
        <Row name="Actor">
          <Actor actor={event.actor} />
          {by("actor", event.actor)}
        </Row>
        {event.correlationId !== null && (
          <Row name="Correlation">
            <span className="break-all font-mono text-xs">{event.correlationId}</span>
            {by("correlation", event.correlationId)}
            <TraceLink id={event.correlationId} />
          </Row>
        )}
        {event.causationId !== null && (
          <Row name="Caused by">
            <span className="break-all font-mono text-xs">{event.causationId}</span>
            {by("causation", event.causationId)}
          </Row>
        )}
        <Row name="Raw type">
          <span className="break-all font-mono text-xs">{event.type}</span>
        </Row>
        <Row name="Event id">
          <span className="break-all font-mono text-xs">{event.id}</span>
        </Row>
        <ChainRow sequence={event.sequence} />
        <Row name="Page of it">
          <EventLink sequence={event.sequence} />
        </Row>
      </dl>
      <ChainPanel event={event} />
      <section aria-label="What it changed">
        <h3 className="mb-1 font-semibold">What it changed</h3>
        <ChangePanel key={String(event.sequence)} sequence={event.sequence} />
      </section>
      <PayloadPanel event={event} />
    </div>
  );
}

/** Whether it is verified that the event stands as it was written. */
function ChainRow({ sequence }: { sequence: Event["sequence"] }) {
  const { may, last, known } = useVerification();
  if (!may || !known) return null;
  const state = markOf(last, sequence);
  return (
    <Row name="Chain">
      {state.kind === "running" ? last && <Progress of={last} /> : <ChainMark state={state} />}
    </Row>
  );
}

/** The thing that the event is about, as a link where it has a page. */
function Subject({ event }: { event: Event }) {
  const { kind, service, aggregate } = event;
  if (service === null) return <>{aggregate}</>;
  const name = aggregate.slice(`${kind.toLowerCase()}.${service}.`.length);
  if (kind === "INSTANCE") return <InstanceLink service={service} instance={name} />;
  if (kind === "LEADERSHIP") return <GroupLink service={service} group={name} />;
  if (kind === "DEFINITION") return <DefinitionLink service={service} />;
  return <>{aggregate}</>;
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="self-start pt-1 text-muted-foreground">{name}</dt>
      <dd className="flex min-h-6 min-w-0 select-text items-center gap-1">{children}</dd>
    </>
  );
}
