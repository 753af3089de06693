import { memo } from "react";
import { Figure } from "@/shared/figures/figure";
import { bytes, count, cpu, latency, percent, rate } from "@/shared/figures/format";
import type { Truth } from "@/shared/freshness/freshness";
import { cn } from "@/shared/lib/utils";
import { type Limits, lasting, overErrors, overP99 } from "@/shared/limits/limits";
import type { Since } from "@/shared/limits/since";
import { Flags } from "@/shared/status/flag";
import { shownState } from "@/shared/status/shown";
import { StateBadge } from "@/shared/status/state-badge";
import { hasEnded, isSilent } from "@/shared/status/status";
import { InstanceLink, ServiceLink } from "@/shared/ui/object-link";
import { sentence } from "@/shared/ui/states";
import type { InstanceRowOf } from "../documents";
import { flagsOf } from "../flags";
import type { Figures } from "../use-steady";
import { Beat } from "./beat";
import { shownOf } from "./columns";
import { GroupsCell } from "./groups-cell";
import { RowMenu } from "./row-menu";
import { Spark } from "./spark";

interface Props {
  instance: InstanceRowOf;
  /** The figures that the order of the list goes by; they may be of a few seconds ago. */
  figures: Figures;
  truth: Truth;
  now: number;
  index: number;
  selected: boolean;
  /** Whether the service stands before the name. */
  withService: boolean;
  /** What the definition of its service allows. */
  limits: Limits;
  /** Since when its figures are beyond them, where they are. */
  beyond?: Since | undefined;
  /** When it lost a lease just now. */
  leaseLostAt: number | undefined;
  onPeek: (instance: InstanceRowOf) => void;
  /** Whether it is ticked, and what to do when that changes; without it none can be. */
  choice?: Choice | undefined;
}

export interface Choice {
  chosen: ReadonlySet<string>;
  onChoose: (instance: InstanceRowOf, on: boolean) => void;
}

const cell = "truncate px-2";
const number = "truncate px-2 text-right";

export const InstanceRow = memo(function InstanceRow(props: Props) {
  const {
    instance,
    figures,
    truth,
    now,
    index,
    selected,
    withService,
    limits,
    beyond,
    leaseLostAt,
    onPeek,
    choice,
  } = props;
  const shown = shownState({ ...instance, leaseLostAt }, truth, now);
  const past = isSilent(shown.status) || shown.status === "UNKNOWN";
  return (
    <tr
      aria-rowindex={index + 2}
      data-testid="instance-row"
      data-instance={instance.instance}
      data-service={instance.service}
      data-beat={instance.lastBeatAt}
      aria-selected={selected}
      className={cn(
        "h-row cursor-pointer border-border border-b bg-card hover:bg-accent",
        selected && "bg-selected shadow-[inset_3px_0_0_var(--primary)]",
      )}
      onClick={(event) => {
        if (!(event.target as Element).closest("a, button, input, dialog, [role=menu]")) onPeek(instance);
      }}
    >
      <td className={cn(cell, choice ? "pl-3" : !withService && "pl-6")}>
        <span className="flex items-center gap-2">
          {choice && (
            <input
              type="checkbox"
              aria-label={`Choose ${instance.instance}`}
              disabled={hasEnded(instance.status)}
              title={hasEnded(instance.status) ? "Its life is over" : undefined}
              checked={choice.chosen.has(instance.id)}
              className="size-3.5 shrink-0 cursor-pointer accent-primary disabled:cursor-default"
              onChange={(event) => choice.onChoose(instance, event.target.checked)}
            />
          )}
          <StateBadge shown={shown} className="min-w-0 shrink" />
        </span>
      </td>
      <td className={cell}>
        <span className="flex items-center gap-1.5">
          <InstanceLink service={instance.service} instance={instance.instance} />
          {withService && !instance.instance.startsWith(instance.service) && (
            <ServiceLink service={instance.service} className="shrink font-normal text-muted-foreground" />
          )}
        </span>
      </td>
      <td className={cn(cell, shownOf("owner"))}>
        <GroupsCell service={instance.service} groups={instance.groups} />
      </td>
      <td className={number}>
        <Figure
          text={latency(figures.minute?.p99Ms)}
          past={past}
          over={lasting(overP99(limits, figures.minute?.p99Ms), beyond?.p99, now)}
        />
      </td>
      <td className={cn(number, shownOf("errors"))}>
        <Figure
          text={percent(figures.minute?.errorPercent)}
          past={past}
          over={lasting(overErrors(limits, figures.minute?.errorPercent), beyond?.errors, now)}
        />
      </td>
      <td className={cn(number, shownOf("beat"))}>
        <Beat instance={instance} known={shown.was === null} />
      </td>
      <td className={cn(number, shownOf("calls"))}>
        <Figure text={rate(figures.minute?.callsPerSecond)} past={past} />
      </td>
      <td className={cn(number, shownOf("queue"))}>
        <Figure text={count(figures.metrics?.queueDepth)} past={past} />
      </td>
      <td className={cn(cell, "text-muted-foreground", shownOf("version"))}>{instance.version}</td>
      <td className={cn("px-2", shownOf("spark"))}>
        <Spark service={instance.service} instance={instance.instance} />
      </td>
      <td className={cn(number, shownOf("cpu"))}>
        <Figure text={cpu(figures.metrics?.cpuPercent)} past={past} />
      </td>
      <td className={cn(number, shownOf("memory"))}>
        <Figure text={bytes(figures.metrics?.memoryBytes)} past={past} />
      </td>
      <td
        className={cn(cell, "text-muted-foreground", shownOf("reason"))}
        title={instance.reason ?? undefined}
      >
        <span className="flex items-center gap-1.5">
          <Flags flags={flagsOf(instance)} />
          {instance.reason && <span className="truncate">{sentence(instance.reason)}</span>}
        </span>
      </td>
      <td className="px-1">
        <RowMenu instance={instance} />
      </td>
    </tr>
  );
});
