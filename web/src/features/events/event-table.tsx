import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useCallback,
  useLayoutEffect,
  useRef,
} from "react";
import type { Whole } from "@/shared/graphql/exact";
import { usePrinting } from "@/shared/lib/printing";
import { cn } from "@/shared/lib/utils";
import { useZone } from "@/shared/time/zone";
import { DayRow } from "./day-row";
import { EventRow, ROW_PX } from "./event-row";
import { FoldRow } from "./fold-row";
import type { Row } from "./rows";

const head: { label: string; width: string; right?: boolean }[] = [
  { label: "Seq", width: "w-20", right: true },
  { label: "Time", width: "w-28" },
  { label: "Event", width: "w-44" },
  { label: "Service", width: "w-40 @max-[44rem]:hidden" },
  { label: "Summary", width: "" },
  { label: "Actor", width: "w-84 @max-[64rem]:hidden" },
];

interface Props {
  rows: readonly Row[];
  selected: Whole | null;
  /** New rows above leave what is looked at in its place, unless the list follows. */
  pinned: boolean;
  onSelect: (sequence: Whole) => void;
  onToggle: (key: string) => void;
  /** Told when the operator scrolls away from the newest event. */
  onAway: () => void;
  header: ReactNode;
  footer: ReactNode;
}

export function EventTable({ rows, selected, pinned, onSelect, onToggle, onAway, header, footer }: Props) {
  const zone = useZone((s) => s.zone);
  const scroller = useRef<HTMLDivElement>(null);
  const table = useRef<HTMLTableElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 6,
    // With another function the place of every row would be reckoned anew.
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    initialRect: { width: 1000, height: 700 },
  });
  useKeptPlace(rows, scroller, table, pinned);
  const printing = usePrinting((s) => s.printing);
  const seen = virtual.getVirtualItems();
  const items = printing ? rows.map(({ key }, index) => ({ key, index })) : seen;
  const above = printing ? 0 : (seen[0]?.start ?? 0);
  const below = printing ? 0 : virtual.getTotalSize() - (seen.at(-1)?.end ?? 0);
  const onKey = (event: KeyboardEvent): void => {
    const step = { j: 1, k: -1 }[event.key];
    if (step === undefined || (event.target as Element).closest("input")) return;
    const events = rows.flatMap((row, index) => (row.kind === "event" ? [{ index, event: row.event }] : []));
    const at = events.findIndex(({ event: each }) => each.sequence === selected);
    const next = events[Math.max(0, Math.min(events.length - 1, at + step))];
    if (!next) return;
    event.preventDefault();
    onSelect(next.event.sequence);
    virtual.scrollToIndex(next.index);
  };
  return (
    <section
      ref={scroller}
      aria-label="Events"
      tabIndex={0}
      className="@container min-h-40 flex-1 overflow-auto bg-background -outline-offset-2 [overflow-anchor:none]"
      onKeyDown={onKey}
      onScroll={(e) => e.currentTarget.scrollTop > ROW_PX && onAway()}
    >
      {header}
      <table
        ref={table}
        aria-label="Events"
        aria-rowcount={rows.length + 1}
        className="w-full table-fixed border-collapse"
      >
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
            const row = rows[item.index];
            if (!row) return null;
            if (row.kind === "day") return <DayRow key={item.key} day={row.day} index={item.index} />;
            if (row.kind !== "event")
              return <FoldRow key={item.key} row={row} index={item.index} onToggle={onToggle} />;
            return (
              <EventRow
                key={item.key}
                event={row.event}
                index={item.index}
                inRun={row.inRun}
                selected={row.event.sequence === selected}
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

/** The row at the top edge stays there when rows come above it, or go. */
function useKeptPlace(
  rows: readonly Row[],
  scroller: RefObject<HTMLDivElement | null>,
  table: RefObject<HTMLTableElement | null>,
  pinned: boolean,
): void {
  const before = useRef({ rows, above: 0 });
  useLayoutEffect(() => {
    if (!scroller.current || !table.current) return;
    const { scrollTop } = scroller.current;
    const above =
      table.current.getBoundingClientRect().top - scroller.current.getBoundingClientRect().top + scrollTop;
    const was = before.current;
    before.current = { rows, above };
    if (!pinned || (was.rows === rows && was.above === above)) return;
    const at = new Map(rows.map(({ key }, index) => [key, index]));
    const edge = Math.max(0, Math.floor((scrollTop - was.above) / ROW_PX));
    // The line of a day goes with its newest event: then the next row keeps its place.
    const kept = was.rows.findIndex(({ key }, index) => index >= edge && at.has(key));
    const now = at.get(was.rows[kept]?.key ?? "");
    if (now !== undefined) scroller.current.scrollTop += (now - kept) * ROW_PX + above - was.above;
  }, [rows, scroller, table, pinned]);
}

function Spacer({ px }: { px: number }) {
  return (
    <tr>
      <td style={{ height: px }} className="p-0" />
    </tr>
  );
}
