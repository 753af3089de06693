import { memo } from "react";
import { Figure } from "@/shared/figures/figure";
import { bytes, count, cpu, latency, percent, rate } from "@/shared/figures/format";
import { cn } from "@/shared/lib/utils";
import { Flags } from "@/shared/status/flag";
import type { ShownState } from "@/shared/status/shown";
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

export interface Choice {
  chosen: ReadonlySet<string>;
  onChoose: (instance: InstanceRowOf, on: boolean) => void;
}

interface Props {
  /** Not with its newest heartbeat: see `figures` and `lastBeatAt`. */
  instance: InstanceRowOf;
  figures: Figures;
  shown: ShownState;
  /** Null when there never was one; undefined while they come. */
  lastBeatAt: string | null | undefined;
  /** How long no heartbeat came, where that is worth a word. */
  silentMs: number | null;
  /** What is wrong with a figure, where it is beyond its limit. */
  p99Over: string | null;
  errorsOver: string | null;
  withService: boolean;
  choice: Choice | undefined;
}

const cell = "truncate px-2";
const number = "truncate px-2 text-right";

export const InstanceCells = memo(function InstanceCells(props: Props) {
  const { instance, figures, shown, lastBeatAt, silentMs, p99Over, errorsOver, withService, choice } = props;
  const past = isSilent(shown.status) || shown.status === "UNKNOWN";
  return (
    <>
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
        <Figure text={latency(figures.minute?.p99Ms)} past={past} over={p99Over} />
      </td>
      <td className={cn(number, shownOf("errors"))}>
        <Figure text={percent(figures.minute?.errorPercent)} past={past} over={errorsOver} />
      </td>
      <td className={cn(number, shownOf("beat"))}>
        <Beat status={instance.status} lastBeatAt={lastBeatAt} silentMs={silentMs} />
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
    </>
  );
});
