import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import type { Event } from "@/shared/events/documents";
import type { Whole } from "@/shared/graphql/exact";
import { EventFacts } from "./event-facts";
import type { Excluded } from "./view-state";

interface Props {
  sequence: Whole;
  event: Event | undefined;
  onClose: () => void;
  /** Leaves out what is like this event. */
  onExclude: (key: Excluded, value: string) => void;
}

/** One event in full, beside the list, so that the next one is a click away. */
export function EventDetail({ sequence, event, onClose, onExclude }: Props): ReactNode {
  return (
    <aside
      aria-label="Event detail"
      className="flex max-h-full w-full shrink-0 flex-col overflow-auto border-border bg-card max-lg:border-t lg:w-104 lg:border-l 2xl:w-120"
    >
      <header className="flex h-10 shrink-0 items-center gap-2 border-border border-b px-3">
        <h2 className="font-semibold text-panel">Event {sequence}</h2>
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
      {event ? (
        <div className="p-3">
          <EventFacts event={event} />
          <h3 className="mt-3 mb-1 font-medium text-xs">Leave out of the list</h3>
          <div className="flex flex-wrap gap-1">
            <Button
              variant="outline"
              className="font-normal"
              onClick={() => onExclude("not.type", event.type)}
            >
              this type
            </Button>
            {event.service !== null && (
              <Button
                variant="outline"
                className="font-normal"
                onClick={() => onExclude("not.service", event.service ?? "")}
              >
                {event.service}
              </Button>
            )}
            <Button
              variant="outline"
              className="min-w-0 shrink font-normal"
              onClick={() => onExclude("not.actor", event.actor)}
            >
              <span className="truncate">{event.actor}</span>
            </Button>
          </div>
        </div>
      ) : (
        <p className="p-3 text-muted-foreground">
          This event is not in the list: clear the filters, or load older events until its sequence is
          reached.
        </p>
      )}
    </aside>
  );
}
