import { ChevronDown, ChevronUp, X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import type { Event } from "@/shared/events/documents";
import type { Whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { OneEvent } from "./documents";
import { EventFacts } from "./event-facts";

interface Props {
  sequence: Whole;
  /** When the list has it. */
  event: Event | undefined;
  /** To the neighbours in the list; null where it ends. */
  onNewer: (() => void) | null;
  onOlder: (() => void) | null;
  onClose: () => void;
}

/** One event in full, beside the list, so that the next one is a key away. */
export function EventDetail({ sequence, event, onNewer, onOlder, onClose }: Props): ReactNode {
  const { data, error, again } = useQuery(OneEvent, event ? null : { sequence });
  const shown = event ?? data?.event ?? null;
  return (
    <aside
      aria-label="Event detail"
      onKeyDown={(key) => {
        if ((key.target as Element).closest("input, [role=menu]")) return;
        if (key.key === "Escape") onClose();
        else if (key.key === "k") onNewer?.();
        else if (key.key === "j") onOlder?.();
      }}
      className="flex max-h-full w-104 max-w-full shrink-0 flex-col overflow-auto border-border border-l bg-card max-xl:absolute max-xl:inset-y-0 max-xl:right-0 max-xl:z-20 max-xl:shadow-lg 2xl:w-120"
    >
      <header className="sticky top-0 z-10 flex h-10 shrink-0 items-center gap-1 border-border border-b bg-card px-3">
        <h2 className="mr-auto font-semibold text-panel">Event {sequence}</h2>
        <Button
          variant="ghost"
          size="icon"
          aria-label="Newer event"
          title="Newer (k)"
          disabled={!onNewer}
          onClick={() => onNewer?.()}
        >
          <ChevronUp aria-hidden="true" />
        </Button>
        <Button
          variant="ghost"
          size="icon"
          aria-label="Older event"
          title="Older (j)"
          disabled={!onOlder}
          onClick={() => onOlder?.()}
        >
          <ChevronDown aria-hidden="true" />
        </Button>
        <Button variant="ghost" size="icon" aria-label="Close the detail" onClick={onClose}>
          <X aria-hidden="true" />
        </Button>
      </header>
      {shown && <EventFacts event={shown} filters className="p-3" />}
      {!shown && error && <ErrorView error={error} onRetry={again} />}
      {!shown && !error && !data && <Loading what="the event" />}
      {!shown && data && <Empty title={`There is no event at ${sequence}.`} />}
    </aside>
  );
}
