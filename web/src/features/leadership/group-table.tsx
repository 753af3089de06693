import { useVirtualizer } from "@tanstack/react-virtual";
import { Activity, Crown, UserX } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Figure } from "@/shared/figures/figure";
import { count } from "@/shared/figures/format";
import { cn } from "@/shared/lib/utils";
import { Flag } from "@/shared/status/flag";
import { Age } from "@/shared/time/age";
import { formatSpan } from "@/shared/time/duration";
import { GroupLink, InstanceLink, ServiceLink } from "@/shared/ui/object-link";
import type { Group } from "./documents";
import type { Statistics } from "./statistics";
import { StepDownButton } from "./step-down";
import { useDay } from "./use-day";
import type { GroupPage } from "./use-group-window";

const ROW_PX = 28;

/** From which width of the table on the columns that matter less stand there. */
const actions = "hidden @min-[38rem]:table-cell";
const gap = "hidden @min-[46rem]:table-cell";
const changes = "hidden @min-[52rem]:table-cell";
const ofService = "hidden @min-[64rem]:table-cell";
const why = "hidden @min-[74rem]:table-cell";

const heads: { label: string; title: string; width: string; right?: boolean }[] = [
  { label: "Group", title: "Group", width: "w-36" },
  { label: "Owner", title: "The instance that owns it", width: "" },
  { label: "Service", title: "Service", width: cn("w-52", ofService) },
  { label: "Term", title: "Term, the fencing token", width: "w-14", right: true },
  { label: "Held for", title: "Since the term began", width: "w-24", right: true },
  { label: "Changes", title: "Changes of owner in 24 hours", width: cn("w-20", changes), right: true },
  {
    label: "Longest gap",
    title: "Longest time without owner in 24 hours",
    width: cn("w-26", gap),
    right: true,
  },
  { label: "Why", title: "Why the term began", width: cn("w-64", why) },
  { label: "", title: "Actions", width: cn("w-28", actions) },
];

/** Windows begin at multiples of that. */
const BLOCK = 50;
const REST_MS = 80;

interface Props {
  page: GroupPage;
  /** Told where the window should begin, when what is in sight comes near its edge. */
  onOffset: (offset: number) => void;
}

/** Rows in sight only, of a window of the list: there may be ten thousand. */
export function GroupTable({ page, onOffset }: Props) {
  const statistics = useDay();
  const list = useRef<HTMLElement>(null);
  const scroller = useRef<HTMLElement | null>(null);
  const [margin, setMargin] = useState(0);
  useEffect(() => {
    scroller.current = document.getElementById("content");
    setMargin(list.current?.offsetTop ?? 0);
  });
  const virtual = useVirtualizer({
    count: page.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    scrollMargin: margin,
    initialRect: { width: 1000, height: 700 },
  });
  const items = virtual.getVirtualItems();
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
            if (!group) return <Spacer key={item.key} px={ROW_PX} />;
            return <Row key={group.id} group={group} statistics={statistics} index={item.index} />;
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

function Row({
  group: each,
  statistics,
  index,
}: {
  group: Group;
  statistics: Statistics | null;
  index: number;
}) {
  const { id, service, group, instance, term, since, reason } = each;
  const own = statistics?.get(id);
  return (
    <tr
      aria-rowindex={index + 2}
      data-testid="group-row"
      data-group={id}
      data-owner={instance ?? ""}
      data-term={String(term)}
      className="h-7 border-border border-b bg-card hover:bg-accent"
    >
      <td className="truncate px-2 pl-4">
        <GroupLink service={service} group={group} />
      </td>
      <td className={cn("truncate px-2", instance === null && "hatch text-bad")}>
        {instance === null ? (
          <span className="flex items-center gap-1 font-medium text-bad">
            <UserX aria-hidden="true" className="size-3 shrink-0" /> No owner
          </span>
        ) : (
          <span className="flex items-center gap-1 text-lead">
            <Crown aria-hidden="true" className="size-3 shrink-0" />
            <InstanceLink service={service} instance={instance} className="font-normal" />
          </span>
        )}
      </td>
      <td className={cn("truncate px-2", ofService)}>
        <ServiceLink service={service} className="font-normal" />
      </td>
      <td className="px-2 text-right">{String(term)}</td>
      <td className="whitespace-nowrap px-2 text-right">
        <Age since={since} />
      </td>
      <td className={cn("px-2 text-right", changes)}>
        <Figure text={count(own?.changes ?? 0)} />
      </td>
      <td className={cn("whitespace-nowrap px-2 text-right", gap)}>
        <Figure text={own?.longestGapMs == null ? "—" : formatSpan(own.longestGapMs)} />
      </td>
      <td className={cn("truncate px-2 text-muted-foreground", why)}>
        <span className="flex items-center gap-2">
          {own?.flapping && (
            <Flag
              flag={{
                key: "flapping",
                word: "flapping",
                icon: Activity,
                warn: true,
                title: "It changed its owner three times or more within an hour",
              }}
            />
          )}
          <span className="truncate">{reason.replaceAll("_", " ")}</span>
        </span>
      </td>
      <td className={cn("px-1 text-right", actions)}>
        {instance !== null && <StepDownButton service={service} group={group} owner={instance} small />}
      </td>
    </tr>
  );
}
