import { Activity, Crown, UserX, Wrench } from "lucide-react";
import { Figure } from "@/shared/figures/figure";
import { count } from "@/shared/figures/format";
import { cn } from "@/shared/lib/utils";
import type { GroupMembers } from "@/shared/members/documents";
import { StandbysCell } from "@/shared/members/standbys-cell";
import { Flag } from "@/shared/status/flag";
import { Age } from "@/shared/time/age";
import { formatSpan } from "@/shared/time/duration";
import { GroupLink, InstanceLink, ServiceLink } from "@/shared/ui/object-link";
import { chosenRow } from "@/shared/ui/table";
import type { Group, Lease } from "./documents";
import { LeaseHealth } from "./lease-health";
import type { GroupStatistics } from "./statistics";
import { StepDownButton } from "./step-down";

/** From which width of the table on the columns that matter less stand there. */
export const shown = {
  actions: "hidden @min-[38rem]:table-cell",
  standbys: "hidden @min-[46rem]:table-cell",
  lease: "hidden @min-[56rem]:table-cell",
  changes: "hidden @min-[62rem]:table-cell",
  gap: "hidden @min-[68rem]:table-cell",
  ofService: "hidden @min-[74rem]:table-cell",
  why: "hidden @min-[92rem]:table-cell",
};

interface Props {
  group: Group;
  /** Undefined where nothing changed. */
  statistics: GroupStatistics | undefined;
  lease: Lease | undefined;
  /** Undefined before they are known, and of the past. */
  members: GroupMembers | undefined;
  index: number;
  /** Whether nobody takes it over while its owner is lost. */
  inMaintenance: boolean;
  chosen: boolean;
  onChoose: (id: string, group: Group, on: boolean) => void;
}

/** A group as one line. */
export function GroupRow({
  group: each,
  statistics: own,
  lease,
  members,
  index,
  inMaintenance,
  chosen,
  onChoose,
}: Props) {
  const { id, service, group, instance, term, since, reason } = each;
  const flags = (
    <>
      {inMaintenance && (
        <Flag
          flag={{
            key: "maintenance",
            word: "maintenance",
            icon: Wrench,
            warn: false,
            title: "Nobody takes it over when its owner is lost, until the maintenance ends",
          }}
        />
      )}
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
    </>
  );
  return (
    <tr
      aria-rowindex={index + 2}
      data-testid="group-row"
      data-group={id}
      data-owner={instance ?? ""}
      data-term={String(term)}
      aria-selected={chosen}
      className={cn("h-row border-border border-b bg-card hover:bg-accent", chosen && chosenRow)}
    >
      <td className="truncate px-2 pl-4">
        <span className="flex items-center gap-2">
          <input
            type="checkbox"
            aria-label={`Choose ${group} of ${service}`}
            disabled={instance === null}
            title={instance === null ? "It has no owner that could step down" : undefined}
            checked={chosen}
            className="size-3.5 shrink-0 cursor-pointer accent-primary disabled:cursor-default"
            onChange={(event) => onChoose(id, each, event.target.checked)}
          />
          <GroupLink service={service} group={group} />
        </span>
      </td>
      <td className={cn("truncate px-2", instance === null && "hatch text-bad")}>
        {instance === null ? (
          <span className="flex items-center gap-1 font-medium text-bad">
            <UserX aria-hidden="true" className="size-3 shrink-0" /> No owner
            {flags}
          </span>
        ) : (
          <span className="flex items-center gap-1 text-lead">
            <Crown aria-hidden="true" className="size-3 shrink-0" />
            <InstanceLink service={service} instance={instance} className="font-normal" />
            {flags}
          </span>
        )}
      </td>
      <td className={cn("truncate px-2", shown.ofService)}>
        <ServiceLink service={service} className="font-normal" />
      </td>
      <td className="px-2 text-right">{String(term)}</td>
      <td className="whitespace-nowrap px-2 text-right">
        <Age since={since} />
      </td>
      <td className={cn("px-2 text-right", shown.lease)}>
        <LeaseHealth lease={lease} />
      </td>
      <td className={cn("truncate px-2", shown.standbys)}>
        <StandbysCell members={members} />
      </td>
      <td className={cn("px-2 text-right", shown.changes)}>
        <Figure text={count(own?.changes ?? 0)} />
      </td>
      <td className={cn("whitespace-nowrap px-2 text-right", shown.gap)}>
        <Figure text={own?.longestGapMs == null ? "—" : formatSpan(own.longestGapMs)} />
      </td>
      <td className={cn("truncate px-2 text-muted-foreground", shown.why)}>
        <span className="flex items-center gap-2">
          <span className="truncate">{reason.replaceAll("_", " ")}</span>
        </span>
      </td>
      <td data-no-print className={cn("px-1 text-right", shown.actions)}>
        {instance !== null && <StepDownButton service={service} group={group} owner={instance} small />}
      </td>
    </tr>
  );
}
