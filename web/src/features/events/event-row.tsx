import { memo, useState } from "react";
import type { Event } from "@/shared/events/documents";
import { EventType } from "@/shared/events/event-type";
import type { Whole } from "@/shared/graphql/exact";
import { cn } from "@/shared/lib/utils";
import { formatClock, formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { ActorText } from "@/shared/ui/actor-text";
import { ServiceLink } from "@/shared/ui/object-link";
import { chosenRow, rowClass } from "@/shared/ui/table";
import type { Field } from "./value-filters";
import { ValueButton } from "./value-menu";

export const ROW_PX = 28;

interface Props {
  event: Event;
  index: number;
  inRun: boolean;
  selected: boolean;
  onSelect: (sequence: Whole) => void;
}

const cell = "relative truncate px-2";

export const EventRow = memo(function EventRow({ event, index, inRun, selected, onSelect }: Props) {
  const zone = useZone((s) => s.zone);
  // Hundreds of rows pass by while the list is scrolled: what is only for the pointer comes with it, and stays.
  const [near, setNear] = useState(false);
  const menu = (field: Field, value: string) => near && <ValueButton field={field} value={value} inRow />;
  return (
    <tr
      aria-rowindex={index + 2}
      data-testid="event-row"
      data-sequence={String(event.sequence)}
      data-type={event.type}
      className={cn(rowClass, "group cursor-pointer", selected && chosenRow)}
      // Not when the row comes under a pointer that rests: then the list is scrolled.
      onPointerMove={() => setNear(true)}
      onPointerDown={() => setNear(true)}
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
      <td className={cn(cell, inRun && "pl-6")}>
        <EventType event={event} />
        {menu("type", event.type)}
      </td>
      <td className={cn(cell, "@max-[44rem]:hidden")} title={event.service ?? undefined}>
        {event.service === null ? (
          "—"
        ) : (
          <>
            <ServiceLink service={event.service} className="font-normal" />
            {menu("service", event.service)}
          </>
        )}
      </td>
      <td className={cell} title={event.summary}>
        {event.summary}
        {menu("aggregate", event.aggregate)}
      </td>
      <td className={cn(cell, "text-muted-foreground @max-[64rem]:hidden")} title={event.actor}>
        <ActorText actor={event.actor} />
        {menu("actor", event.actor)}
      </td>
    </tr>
  );
});
