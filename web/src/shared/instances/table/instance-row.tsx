import type { Truth } from "@/shared/freshness/freshness";
import { useSame } from "@/shared/lib/same";
import { cn } from "@/shared/lib/utils";
import { type Limits, lasting, overErrors, overP99 } from "@/shared/limits/limits";
import type { Since } from "@/shared/limits/since";
import { shownState } from "@/shared/status/shown";
import type { InstanceRowOf } from "../documents";
import type { Figures } from "../use-steady";
import { silentFor } from "./beat";
import { type Choice, InstanceCells } from "./instance-cells";

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

/** What comes with each heartbeat, and is shown by itself. */
const BEAT = ["lastBeatAt", "minute", "metrics"];

/** One instance as a row. Only the row itself is drawn with each heartbeat; its cells are, when they say something else. */
export function InstanceRow(props: Props) {
  const { instance, figures, truth, now, index, selected, limits, beyond, leaseLostAt, onPeek, choice } =
    props;
  const shown = shownState({ ...instance, leaseLostAt }, truth, now);
  const { minute, metrics } = figures;
  const silentMs = shown.was === null ? silentFor(instance, now) : null;
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
      <InstanceCells
        instance={useSame(instance, BEAT)}
        figures={useSame({ minute, metrics })}
        shown={useSame(shown)}
        lastBeatAt={instance.lastBeatAt === null || silentMs !== null ? instance.lastBeatAt : undefined}
        silentMs={silentMs}
        p99Over={lasting(overP99(limits, minute?.p99Ms), beyond?.p99, now)}
        errorsOver={lasting(overErrors(limits, minute?.errorPercent), beyond?.errors, now)}
        withService={props.withService}
        choice={choice}
      />
    </tr>
  );
}
