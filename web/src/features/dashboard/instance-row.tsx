import { memo } from "react";
import { Link } from "react-router";
import { cn } from "@/shared/lib/utils";
import { Age } from "@/shared/time/age";
import { Sparkline } from "@/shared/ui/sparkline";
import type { Instance, InstanceStatus } from "./documents";
import { ForgetButton } from "./forget-button";
import { GroupsCell } from "./groups-cell";
import { ClockOff, Conflict, Flapping, Legacy } from "./marks";
import { NotDefined } from "./not-defined";
import { figure, percent } from "./numbers";
import { SAMPLES, type Series } from "./registry";
import { down, statusLook } from "./status";

export const ROW_PX = 28;

interface Props {
  instance: Instance;
  series: Series | undefined;
  flat: boolean;
  index: number;
  frozenAt: number | null;
}

const silent: readonly InstanceStatus[] = ["UNHEALTHY", ...down];
const cell = "truncate px-2";
const number = "truncate px-2 text-right";

export const InstanceRow = memo(function InstanceRow({ instance, series, flat, index, frozenAt }: Props) {
  const { metrics } = instance;
  // Who no longer beats has only its last known figures: shown, but not as if they were current.
  const past = silent.includes(instance.status);
  const live = cn(number, past && "text-muted-foreground");
  const errors = metrics ? (series?.errorPercent ?? null) : null;
  return (
    <tr
      aria-rowindex={index + 2}
      data-testid="instance-row"
      data-instance={instance.instance}
      data-service={instance.service}
      className="h-7 border-border border-b hover:bg-accent"
    >
      <td className={cn(cell, !flat && "pl-4")}>
        <StatusCell instance={instance} brief={flat} />
      </td>
      {flat && <td className={cell}>{instance.service}</td>}
      <td className={cell} title={instance.instance}>
        <span className="flex items-center gap-1.5">
          <Link
            className="truncate hover:underline"
            to={`/events?q=${encodeURIComponent(instance.instance)}`}
          >
            {instance.instance}
          </Link>
          {instance.legacy && <Legacy />}
          {flat && !instance.defined && <NotDefined brief />}
          {down.includes(instance.status) && <ForgetButton instance={instance} />}
        </span>
      </td>
      <td className={cn(cell, "text-muted-foreground")}>{instance.version}</td>
      <td className={cell}>
        <GroupsCell groups={instance.groups} />
      </td>
      <td className={number} title={instance.lastBeatAt ?? undefined}>
        <Age since={instance.lastBeatAt} frozenAt={frozenAt} />
      </td>
      <td className={live}>
        <span className="flex items-center justify-end gap-2">
          <Sparkline
            className="@max-[56rem]:hidden"
            values={series?.calls.values() ?? []}
            capacity={SAMPLES}
          />
          <span className="min-w-9">{figure(metrics?.callsPerSecond)}</span>
        </span>
      </td>
      <td className={live}>{figure(metrics?.p99Ms)}</td>
      <td className={cn(live, !past && errors !== null && errors >= 1 && "font-medium text-bad")}>
        {percent(errors)}
      </td>
      <td className={live}>{metrics ? `${metrics.queueDepth} / ${metrics.inFlight}` : "—"}</td>
    </tr>
  );
});

function StatusCell({ instance, brief }: { instance: Instance; brief: boolean }) {
  const { icon: Icon, word, tone } = statusLook[instance.status];
  return (
    <span className="flex items-center gap-1.5" title={instance.reason ?? undefined}>
      <Icon aria-hidden="true" className={cn("size-3.5 shrink-0", tone)} />
      <span className={cn("font-medium", tone)}>{word}</span>
      {instance.flapping && <Flapping />}
      {instance.conflict && <Conflict />}
      {instance.clockOffsetSeconds !== null && <ClockOff seconds={instance.clockOffsetSeconds} />}
      {instance.reason && !brief && (
        <span className="truncate text-muted-foreground text-xs">{instance.reason}</span>
      )}
    </span>
  );
}
