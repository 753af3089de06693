import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useRef } from "react";
import type { Event } from "@/shared/events/documents";
import type { Whole } from "@/shared/graphql/exact";
import { cn } from "@/shared/lib/utils";
import { useZone } from "@/shared/time/zone";
import { EventRow, ROW_PX } from "./event-row";

const head: { label: string; width: string; right?: boolean }[] = [
  { label: "Seq", width: "w-18", right: true },
  { label: "Time", width: "w-32" },
  { label: "Event", width: "w-48" },
  { label: "Service", width: "w-40" },
  { label: "Summary", width: "" },
  { label: "Actor", width: "w-60 @max-[64rem]:hidden" },
];

interface Props {
  /** Newest first. */
  events: readonly Event[];
  selected: Whole | null;
  onSelect: (sequence: Whole) => void;
  /** Told when the operator scrolls away from the newest event. */
  onAway: () => void;
  footer: ReactNode;
}

export function EventTable({ events, selected, onSelect, onAway, footer }: Props) {
  const zone = useZone((s) => s.zone);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: events.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: (index) => events[index]?.sequence ?? index,
    initialRect: { width: 1000, height: 700 },
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <section
      ref={scroller}
      aria-label="Events"
      tabIndex={0}
      className="@container min-h-80 flex-1 overflow-auto -outline-offset-2"
      onScroll={(e) => e.currentTarget.scrollTop > ROW_PX && onAway()}
    >
      <table aria-rowcount={events.length + 1} className="w-full min-w-[50rem] table-fixed border-collapse">
        <thead className="sticky top-0 z-10 bg-muted text-left text-xs shadow-[inset_0_-1px_0_var(--border)]">
          <tr aria-rowindex={1}>
            {head.map(({ label, width, right }) => (
              <th
                key={label}
                scope="col"
                className={cn("h-7 px-2 font-medium text-muted-foreground", width, right && "text-right")}
              >
                {label === "Time" ? `Time, ${zone === "utc" ? "UTC" : "local"}` : label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <Spacer px={above} />}
          {items.map((item) => {
            const event = events[item.index];
            if (!event) return null;
            return (
              <EventRow
                key={item.key}
                event={event}
                index={item.index}
                selected={event.sequence === selected}
                onSelect={onSelect}
              />
            );
          })}
          {below > 0 && <Spacer px={below} />}
        </tbody>
      </table>
      <footer className="flex h-10 items-center justify-center gap-2">{footer}</footer>
    </section>
  );
}

function Spacer({ px }: { px: number }) {
  return (
    <tr>
      <td style={{ height: px }} className="p-0" />
    </tr>
  );
}
