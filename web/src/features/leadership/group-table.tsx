import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { useRowHeight } from "@/shared/density/density";
import { cn } from "@/shared/lib/utils";
import { useMembers } from "@/shared/members/use-members";
import { usePlans } from "@/shared/plans/use-plans";
import type { Group } from "./documents";
import { GroupRow, shown } from "./group-row";
import type { Statistics } from "./statistics";
import type { GroupPage } from "./use-group-window";
import { useLeases } from "./use-leases";

const heads: { label: string; title: string; width: string; right?: boolean }[] = [
  { label: "Group", title: "Group", width: "w-36" },
  { label: "Owner", title: "The instance that owns it", width: "" },
  { label: "Service", title: "Service", width: cn("w-36", shown.ofService) },
  { label: "Term", title: "Term, the fencing token", width: "w-14", right: true },
  { label: "Held for", title: "Since the term began", width: "w-24", right: true },
  {
    label: "Lease",
    title: "The least that was left of the owner's lease in the last minute before it was renewed",
    width: cn("w-30", shown.lease),
    right: true,
  },
  {
    label: "Standbys",
    title: "Who would take it over, in the order of their claims",
    width: cn("w-44", shown.standbys),
  },
  { label: "Changes", title: "Changes of owner in 24 hours", width: cn("w-20", shown.changes), right: true },
  {
    label: "Longest gap",
    title: "Longest time without owner in 24 hours",
    width: cn("w-26", shown.gap),
    right: true,
  },
  { label: "Why", title: "Why the term began", width: cn("w-36", shown.why) },
  { label: "", title: "Actions", width: cn("w-28", shown.actions) },
];

/** Windows begin at multiples of that. */
const BLOCK = 50;
const REST_MS = 80;

interface Props {
  page: GroupPage;
  /** What changed within a day; null before it is known. */
  statistics: Statistics | null;
  /** What was ticked, by id. */
  chosen: ReadonlyMap<string, Group>;
  onChoose: (id: string, group: Group, on: boolean) => void;
  /** Told where the window should begin, when what is in sight comes near its edge. */
  onOffset: (offset: number) => void;
}

/** Rows in sight only, of a window of the list: there may be ten thousand. */
export function GroupTable({ page, statistics, chosen, onChoose, onOffset }: Props) {
  const list = useRef<HTMLElement>(null);
  const scroller = useRef<HTMLElement | null>(null);
  const [margin, setMargin] = useState(0);
  useEffect(() => {
    scroller.current = document.getElementById("content");
    setMargin(list.current?.offsetTop ?? 0);
  });
  const rowPx = useRowHeight();
  const virtual = useVirtualizer({
    count: page.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 12,
    scrollMargin: margin,
    initialRect: { width: 1000, height: 700 },
  });
  useEffect(() => {
    if (rowPx > 0) virtual.measure();
  }, [virtual, rowPx]);
  const items = virtual.getVirtualItems();
  const { maintenances } = usePlans({ service: null, group: null });
  const leases = useLeases(
    items.flatMap(({ index }) => {
      const group = page.rows[index - page.offset];
      return group?.instance ? [`${group.service}/${group.instance}`] : [];
    }),
  );
  const members = useMembers(
    new Map(
      items.flatMap(({ index }) => {
        const group = page.rows[index - page.offset];
        return group ? [[group.id, group.instance] as const] : [];
      }),
    ),
  );
  const begin = items[0]?.index ?? 0;
  useEffect(() => {
    const timer = setTimeout(
      () => onOffset(Math.max(0, Math.floor((begin - BLOCK / 2) / BLOCK) * BLOCK)),
      REST_MS,
    );
    return () => clearTimeout(timer);
  }, [begin, onOffset]);
  const above = (items[0]?.start ?? margin) - margin;
  const below = virtual.getTotalSize() - ((items.at(-1)?.end ?? margin) - margin);
  return (
    <section ref={list} aria-label="Groups" className="@container">
      <table aria-rowcount={page.total + 1} className="w-full table-fixed border-collapse">
        <thead className="sticky top-10 z-10 bg-muted text-left text-xs shadow-[inset_0_-1px_0_var(--border)]">
          <tr aria-rowindex={1}>
            {heads.map(({ label, title, width, right }) => (
              <th
                key={title}
                scope="col"
                title={title}
                className={cn(
                  "h-7 whitespace-nowrap px-2 font-medium text-muted-foreground first:pl-4",
                  width,
                  right && "text-right",
                )}
              >
                {label === "" ? <span className="sr-only">{title}</span> : label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <Spacer px={above} />}
          {items.map((item) => {
            const group = page.rows[item.index - page.offset];
            if (!group) return <Spacer key={item.key} px={rowPx} />;
            return (
              <GroupRow
                key={group.id}
                group={group}
                statistics={statistics?.get(group.id)}
                lease={leases.get(`${group.service}/${group.instance ?? ""}`)}
                members={members.get(group.id)}
                index={item.index}
                inMaintenance={maintenances.some(
                  (each) =>
                    each.service === group.service && (each.group === null || each.group === group.group),
                )}
                chosen={chosen.has(group.id)}
                onChoose={onChoose}
              />
            );
          })}
          {below > 0 && <Spacer px={below} />}
        </tbody>
      </table>
    </section>
  );
}

function Spacer({ px }: { px: number }) {
  return (
    <tr>
      <td colSpan={heads.length} style={{ height: px }} className="p-0" />
    </tr>
  );
}
