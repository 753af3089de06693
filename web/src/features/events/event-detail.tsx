import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { stringify, type Whole } from "@/shared/graphql/exact";
import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import type { Event } from "./documents";
import { EventType } from "./event-line";
import { kindLook } from "./kinds";

interface Props {
  sequence: Whole;
  event: Event | undefined;
  onClose: () => void;
}

/** One event in full, beside the list, so that the next one is a click away. */
export function EventDetail({ sequence, event, onClose }: Props) {
  const zone = useZone((s) => s.zone);
  return (
    <aside
      aria-label="Event detail"
      className="flex max-h-full w-full shrink-0 flex-col overflow-auto border-border bg-card max-lg:border-t lg:w-104 lg:border-l"
    >
      <header className="flex h-10 shrink-0 items-center gap-2 border-border border-b px-3">
        <h2 className="font-semibold">Event {sequence}</h2>
        <Button
          variant="ghost"
          size="icon"
          className="ml-auto"
          aria-label="Close the detail"
          onClick={onClose}
        >
          <X aria-hidden="true" />
        </Button>
      </header>
      {!event ? (
        <p className="p-3 text-muted-foreground">
          This event is not in the list: clear the filters, or load older events until its sequence is
          reached.
        </p>
      ) : (
        <div className="space-y-3 p-3">
          <EventType event={event} className="font-medium" />
          <p>{event.summary}</p>
          <dl className="grid grid-cols-[7.5rem_minmax(0,1fr)] gap-x-2 gap-y-1">
            <Field name="Time">{formatMoment(event.time, zone)}</Field>
            <Field name="Kind">{kindLook[event.kind].word}</Field>
            <Field name="Type">{event.type}</Field>
            <Field name="Service">{event.service ?? "—"}</Field>
            <Field name="Aggregate">{event.aggregate}</Field>
            <Field name="Its version">{event.aggregateVersion}</Field>
            <Field name="Actor">{event.actor}</Field>
            <Field name="Event id">{event.id}</Field>
            <Field name="Correlation">{event.correlationId ?? "—"}</Field>
            <Field name="Causation">{event.causationId ?? "—"}</Field>
          </dl>
          <div>
            <h3 className="mb-1 text-muted-foreground text-xs">Payload</h3>
            <pre className="overflow-auto rounded-sm border border-border bg-muted p-2 font-mono text-xs leading-5">
              {stringify(event.data, 2)}
            </pre>
          </div>
        </div>
      )}
    </aside>
  );
}

function Field({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted-foreground">{name}</dt>
      <dd className="select-text break-words">{children}</dd>
    </>
  );
}
