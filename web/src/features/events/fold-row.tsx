import { ArrowLeftRight, ChevronDown, ChevronRight, Flag } from "lucide-react";
import type { ReactNode } from "react";
import type { Event } from "@/shared/events/documents";
import { EventType } from "@/shared/events/event-type";
import { typeWords } from "@/shared/events/kinds";
import { count, plural } from "@/shared/figures/format";
import { cn } from "@/shared/lib/utils";
import { formatSpan } from "@/shared/time/duration";
import { formatClock } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { InstanceLink, ServiceLink } from "@/shared/ui/object-link";
import { rowClass } from "@/shared/ui/table";
import type { FailoverRun } from "./failover-run";
import type { Row } from "./rows";

interface Props {
  row: Extract<Row, { kind: "run" | "failover" }>;
  index: number;
  onToggle: (key: string) => void;
}

/** Many events as one line, which opens. */
export function FoldRow({ row, index, onToggle }: Props) {
  if (row.kind === "failover") {
    return (
      <Line
        row={row}
        index={index}
        many={row.run.events.length}
        type={<FailoverType run={row.run} />}
        onToggle={onToggle}
      >
        <FailoverSummary run={row.run} />
      </Line>
    );
  }
  const { event, count: many, names } = row;
  const [first, last] = [names[0], names.at(-1)];
  return (
    <Line row={row} index={index} many={many} type={<EventType event={event} />} onToggle={onToggle}>
      <span className="font-medium">
        {count(many)} × {typeWords(event.type).toLowerCase()}
      </span>
      <span className="text-muted-foreground"> · {first === last ? first : `${first} to ${last}`}</span>
    </Line>
  );
}

interface LineProps extends Props {
  many: number;
  type: ReactNode;
  children: ReactNode;
}

function Line({ row, index, many, type, onToggle, children }: LineProps) {
  const zone = useZone((s) => s.zone);
  const { open, key }: { open: boolean; key: string } = row;
  const event: Event = row.event;
  const Icon = open ? ChevronDown : ChevronRight;
  return (
    <tr
      aria-rowindex={index + 2}
      data-testid="run-row"
      data-kind={row.kind}
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
      <td className="truncate px-2">{type}</td>
      <td className="truncate px-2 @max-[44rem]:hidden">
        {event.service === null ? "—" : <ServiceLink service={event.service} className="font-normal" />}
      </td>
      <td className="truncate px-2">{children}</td>
      <td className="px-2 text-muted-foreground @max-[64rem]:hidden">{plural(many, "event")}</td>
    </tr>
  );
}

function FailoverType({ run: { planned } }: { run: FailoverRun }) {
  const Icon = planned ? ArrowLeftRight : Flag;
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <Icon aria-hidden="true" className="size-3.5 shrink-0 text-muted-foreground" />
      <span className="truncate">{planned ? "Handover" : "Failover"}</span>
    </span>
  );
}

const NAMED = 2;

/** `3 groups left trading-1 · longest gap 1.01 s · now trading-2, trading-3`. */
function FailoverSummary({
  run: { service, from, to, groups, longestGapMs, planned },
}: {
  run: FailoverRun;
}) {
  const more = to.length > NAMED ? ` and ${to.length - NAMED} more` : "";
  return (
    <span title={groups.join(", ")}>
      <span className="font-medium">{plural(groups.length, "group")}</span> left{" "}
      <InstanceLink service={service} instance={from} className="align-bottom font-normal" />
      <span className="text-muted-foreground">
        {longestGapMs !== null && ` · longest gap ${planned ? "" : "at most "}${formatSpan(longestGapMs)}`}
        {to.length > 0 && ` · now ${to.slice(0, NAMED).join(", ")}${more}`}
      </span>
    </span>
  );
}
