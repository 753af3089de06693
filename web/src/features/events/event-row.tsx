import { ChevronDown, ChevronRight } from "lucide-react";
import { memo } from "react";
import type { Event } from "@/shared/events/documents";
import { EventType } from "@/shared/events/event-type";
import { typeWords } from "@/shared/events/kinds";
import { count } from "@/shared/figures/format";
import type { Whole } from "@/shared/graphql/exact";
import { cn } from "@/shared/lib/utils";
import { formatClock, formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { ServiceLink } from "@/shared/ui/object-link";
import { chosenRow, rowClass } from "@/shared/ui/table";
import type { Row } from "./rows";
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
  return (
    <tr
      aria-rowindex={index + 2}
      data-testid="event-row"
      data-sequence={String(event.sequence)}
      data-type={event.type}
      className={cn(rowClass, "group cursor-pointer", selected && chosenRow)}
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
        <ValueButton field="type" value={event.type} inRow />
      </td>
      <td className={cn(cell, "@max-[44rem]:hidden")} title={event.service ?? undefined}>
        {event.service === null ? (
          "—"
        ) : (
          <>
            <ServiceLink service={event.service} className="font-normal" />
            <ValueButton field="service" value={event.service} inRow />
          </>
        )}
      </td>
      <td className={cell} title={event.summary}>
        {event.summary}
        <ValueButton field="aggregate" value={event.aggregate} inRow />
      </td>
      <td className={cn(cell, "text-muted-foreground @max-[64rem]:hidden")} title={event.actor}>
        {event.actor}
        <ValueButton field="actor" value={event.actor} inRow />
      </td>
    </tr>
  );
});

interface RunProps {
  row: Extract<Row, { kind: "run" }>;
  index: number;
  onToggle: (key: string) => void;
}

/** Many of one type and service, as one line. */
export function RunRow({ row, index, onToggle }: RunProps) {
  const zone = useZone((s) => s.zone);
  const { event, count: many, names, open, key } = row;
  const Icon = open ? ChevronDown : ChevronRight;
  const [first, last] = [names[0], names.at(-1)];
  return (
    <tr
      aria-rowindex={index + 2}
      data-testid="run-row"
      className={cn(rowClass, "cursor-pointer")}
      onClick={(click) => {
        if (!(click.target as Element).closest("a")) onToggle(key);
      }}
    >
      <td className="px-2 text-right text-muted-foreground">
        <button
          type="button"
          aria-expanded={open}
          aria-label={`${event.sequence}, newest of ${many} events: ${open ? "fold" : "show each"}`}
          className="inline-flex cursor-pointer items-center gap-1 align-middle"
        >
          <Icon aria-hidden="true" className="size-3.5" />
          {event.sequence}
        </button>
      </td>
      <td className="truncate px-2 text-muted-foreground">{formatClock(event.time, zone)}</td>
      <td className="truncate px-2">
        <EventType event={event} />
      </td>
      <td className="truncate px-2 @max-[44rem]:hidden">
        {event.service === null ? "—" : <ServiceLink service={event.service} className="font-normal" />}
      </td>
      <td className="truncate px-2 font-medium">
        {count(many)} × {typeWords(event.type).toLowerCase()}
        <span className="font-normal text-muted-foreground">
          {" "}
          · {first === last ? first : `${first} to ${last}`}
        </span>
      </td>
      <td className="@max-[64rem]:hidden" />
    </tr>
  );
}

/** Where a day begins. */
export function DayRow({ day, index }: { day: string; index: number }) {
  return (
    <tr aria-rowindex={index + 2} className="h-7 border-border border-b bg-background">
      <th scope="rowgroup" colSpan={3} className="px-2 text-left font-semibold text-xs">
        {day}
      </th>
      <td className="@max-[44rem]:hidden" />
      <td />
      <td className="@max-[64rem]:hidden" />
    </tr>
  );
}
