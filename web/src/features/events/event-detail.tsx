import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import type { Event } from "@/shared/events/documents";
import type { Whole } from "@/shared/graphql/exact";
import { EventFacts } from "./event-facts";

interface Props {
  sequence: Whole;
  event: Event | undefined;
  onClose: () => void;
}

/** One event in full, beside the list, so that the next one is a click away. */
export function EventDetail({ sequence, event, onClose }: Props): ReactNode {
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
        <EventFacts event={event} className="p-3" />
      ) : (
        <p className="p-3 text-muted-foreground">
          This event is not in the list: clear the filters, or load older events until its sequence is
          reached.
        </p>
      )}
    </aside>
  );
}
