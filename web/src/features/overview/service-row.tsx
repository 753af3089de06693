import { Activity, ChevronDown, ChevronRight, Crown, GitCompareArrows, TrendingDown } from "lucide-react";
import { memo } from "react";
import { Figure } from "@/shared/figures/figure";
import { latency, percent, plural, rate } from "@/shared/figures/format";
import type { Truth } from "@/shared/freshness/freshness";
import { columns, shownOf } from "@/shared/instances/table/columns";
import { Spark } from "@/shared/instances/table/spark";
import { useKept } from "@/shared/lib/same";
import { cn } from "@/shared/lib/utils";
import { lasting, overErrors, overP99 } from "@/shared/limits/limits";
import { useBeyond, useLimitsOf } from "@/shared/limits/store";
import { type FlagOf, Flags } from "@/shared/status/flag";
import { shownState } from "@/shared/status/shown";
import { StateBadge } from "@/shared/status/state-badge";
import { statuses, words } from "@/shared/status/status";
import { useNowIn } from "@/shared/time/clock";
import { ServiceLink } from "@/shared/ui/object-link";
import { type Rollup, readsSame } from "./rollups";

interface Props {
  rollup: Rollup;
  open: boolean;
  onToggle: (service: string) => void;
  truth: Truth;
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

export function flagsOf(rollup: Rollup): FlagOf[] {
  const flags: FlagOf[] = [];
  if (rollup.belowMinimum) {
    flags.push({
      key: "minimum",
      word: `min ${rollup.minimum}`,
      title: `${rollup.running} run, and its definition asks for at least ${rollup.minimum}`,
      icon: TrendingDown,
      warn: true,
    });
  }
  if (rollup.flapping > 0) {
    flags.push({
      key: "flapping",
      word: "flapping",
      title: `${plural(rollup.flapping, "instance")} went silent and came back again and again`,
      icon: Activity,
      warn: true,
    });
  }
  if (rollup.drift !== null) {
    flags.push({
      key: "drift",
      word: "version drift",
      title: `${rollup.versions.join(", ")} run, and its definition says ${rollup.drift}`,
      icon: GitCompareArrows,
      warn: false,
    });
  }
  return flags;
}

const number = "truncate px-2 text-right font-normal";

/** A service as one line; opened, its instances stand under it. */
export function ServiceRow({ rollup, open, onToggle, truth }: Props) {
  const { service, p99Ms, errorPercent } = rollup;
  const limits = useLimitsOf(service);
  const beyond = useBeyond(service);
  const [p99, errors] = [overP99(limits, p99Ms), overErrors(limits, errorPercent)];
  const now = useNowIn(p99 !== null || errors !== null ? SECOND_MS : HOUR_MS);
  return (
    <Line
      rollup={useKept(rollup, readsSame)}
      open={open}
      onToggle={onToggle}
      truth={truth}
      p99Over={lasting(p99, beyond.p99, now)}
      errorsOver={lasting(errors, beyond.errors, now)}
    />
  );
}

interface LineProps extends Props {
  /** What is wrong with a figure, where it is beyond its limit. */
  p99Over: string | null;
  errorsOver: string | null;
}

/** Drawn anew when it reads otherwise. */
const Line = memo(function Line({ rollup, open, onToggle, truth, p99Over, errorsOver }: LineProps) {
  const { service, counts, worst, groups, ownerless, versions } = rollup;
  // The state of a service has no heartbeat that may be late: the time says nothing of it.
  const shown = shownState({ status: worst, lastBeatAt: null }, truth, 0);
  const past = shown.was !== null || rollup.running === 0;
  const Chevron = open ? ChevronDown : ChevronRight;
  const parts = statuses.filter((status) => counts.has(status));
  const states =
    rollup.instances === 0
      ? "no instance"
      : parts.map((status) => `${counts.get(status)} ${words[status].toLowerCase()}`).join(", ");
  // Why comes first: it is what is read where there is no room for all of it.
  const why = [rollup.reason, states].filter((part) => part !== null).join(" · ");
  const reason = shown.was === null ? why : `was ${why}`;
  return (
    <tr
      data-testid="service-row"
      data-service={service}
      className="h-row border-input border-t border-b border-b-border bg-card font-semibold hover:bg-accent"
    >
      <td className="whitespace-nowrap pr-2">
        <button
          type="button"
          aria-expanded={open}
          aria-label={`Instances of ${service}`}
          className="inline-flex size-6 cursor-pointer items-center justify-center rounded-sm align-middle hover:bg-selected"
          onClick={() => onToggle(service)}
        >
          <Chevron aria-hidden="true" className="size-3 text-muted-foreground" />
        </button>
        <StateBadge shown={shown} className="max-w-[calc(100%-1.75rem)]" />
      </td>
      <td className="truncate px-2">
        <ServiceLink service={service} className="font-semibold" />
      </td>
      <td className={cn("truncate px-2 font-normal", shownOf("owner"))}>
        {groups === 0 && <span className="text-muted-foreground">—</span>}
        {groups > 0 && ownerless === 0 && (
          <span className="inline-flex items-center gap-1 text-muted-foreground">
            <Crown aria-hidden="true" className="size-3" /> {groups} owned
          </span>
        )}
        {ownerless > 0 && <span className="font-medium text-bad">{ownerless} no owner</span>}
      </td>
      <td className={number}>
        <Figure text={latency(rollup.p99Ms)} past={past} over={p99Over} />
      </td>
      <td className={cn(number, shownOf("errors"))}>
        <Figure text={percent(rollup.errorPercent)} past={past} over={errorsOver} />
      </td>
      <td className={cn(number, shownOf("beat"))} />
      <td className={cn(number, shownOf("calls"))}>
        <Figure text={rate(rollup.callsPerSecond)} past={past} />
      </td>
      <td className={cn(number, shownOf("queue"))} />
      <td
        className={cn("truncate px-2 font-normal text-muted-foreground", shownOf("version"))}
        title={versions.join(", ")}
      >
        {versions.length > 1 ? `${versions.length} versions` : (versions[0] ?? "—")}
      </td>
      <td className={cn("px-2", shownOf("spark"))}>
        <Spark service={service} instance={null} />
      </td>
      <td className={shownOf("cpu")} />
      <td className={shownOf("memory")} />
      <td className={cn("truncate px-2 font-normal text-muted-foreground", shownOf("reason"))} title={reason}>
        <span className="flex items-center gap-2">
          <Flags flags={flagsOf(rollup)} /> <span className="truncate">{reason}</span>
        </span>
      </td>
      <td>
        <span className="sr-only">{plural(rollup.instances, "instance")}</span>
      </td>
    </tr>
  );
});

export const WIDTH = columns.length;
