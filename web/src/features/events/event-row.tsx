import { memo } from "react";
import type { Event } from "@/shared/events/documents";
import { EventType } from "@/shared/events/event-type";
import type { Whole } from "@/shared/graphql/exact";
import { cn } from "@/shared/lib/utils";
import { formatClock, formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { ServiceLink } from "@/shared/ui/object-link";

export const ROW_PX = 28;

interface Props {
  event: Event;
  index: number;
  selected: boolean;
  onSelect: (sequence: Whole) => void;
}

export const EventRow = memo(function EventRow({ event, index, selected, onSelect }: Props) {
  const zone = useZone((s) => s.zone);
  return (
    <tr
      aria-rowindex={index + 2}
      data-testid="event-row"
      data-sequence={String(event.sequence)}
      data-type={event.type}
      className={cn(
        "h-7 cursor-pointer border-border border-b hover:bg-accent",
        selected && "bg-selected shadow-[inset_3px_0_0_var(--primary)]",
      )}
      onClick={(click) => {
        if (!(click.target as Element).closest("a")) onSelect(event.sequence);
      }}
    >
      <td className="px-2 text-right">
        <button
          type="button"
          aria-pressed={selected}
          aria-label={`Event ${event.sequence}: show detail`}
          className="cursor-pointer hover:underline"
        >
          {event.sequence}
        </button>
      </td>
      <td className="truncate px-2 text-muted-foreground">
        <time dateTime={event.time} title={formatMoment(event.time, zone)}>
          {formatClock(event.time, zone)}
        </time>
      </td>
      <td className="truncate px-2">
        <EventType event={event} />
      </td>
      <td className="truncate px-2" title={event.service ?? undefined}>
        {event.service === null ? "—" : <ServiceLink service={event.service} className="font-normal" />}
      </td>
      <td className="truncate px-2" title={event.summary}>
        {event.summary}
      </td>
      <td className="truncate px-2 text-muted-foreground @max-[64rem]:hidden" title={event.actor}>
        {event.actor}
      </td>
    </tr>
  );
});
