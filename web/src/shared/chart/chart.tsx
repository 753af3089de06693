import { Table2 } from "lucide-react";
import { type KeyboardEvent, useId, useState } from "react";
import { Toggle } from "@/components/ui/toggle";
import { cn } from "@/shared/lib/utils";
import type { Window } from "@/shared/time/range";
import { nearest, useCrosshair } from "./crosshair";
import { DataTable } from "./data-table";
import { summaryOf } from "./gaps";
import { Legend } from "./legend";
import type { ChartSpec, Marker, Times } from "./model";
import { Plot } from "./plot";

interface Props {
  spec: ChartSpec;
  times: Times;
  span: Window;
  markers: readonly Marker[];
  onZoom: (from: number, to: number) => void;
  onBack: () => void;
  /** Where the events of a time are listed. */
  listOf: (from: number, to: number) => string;
  /** Whether a logarithmic axis makes sense. */
  canLog?: boolean;
}

/** A chart of lines over time, with its figures at the crosshair, for eyes, keys and ears. */
export function Chart({ spec, times, span, markers, onZoom, onBack, listOf, canLog = false }: Props) {
  const [table, setTable] = useState(false);
  const [log, setLog] = useState(false);
  const id = useId();
  const at = useCrosshair((s) => s.at);
  const index = at === null || times.seconds.length === 0 ? null : nearest(times.seconds, at);
  const shown = spec.lines.filter(({ label }) => label !== "").length;
  const summary = summaryOf(spec.lines, spec.unit, spec.format, times);
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const last = times.seconds.length - 1;
    if (step !== undefined) {
      const next = Math.min(last, Math.max(0, (index ?? last + (step < 0 ? 1 : 0)) + step));
      useCrosshair.setState({ at: times.seconds[next] ?? null });
    } else if (event.key === "m" || event.key === "M") {
      const now = (at ?? span.from / 1_000) * 1_000;
      const marker = markers.find((each) => each.at > now + 500) ?? markers[0];
      if (marker) useCrosshair.setState({ at: marker.at / 1_000, sequence: marker.sequence });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <figure
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-summary`}
      className="@container flex min-w-0 flex-col rounded border border-border bg-card"
    >
      <figcaption className="flex min-h-7 items-center gap-x-2 px-3 @max-[25rem]:flex-wrap">
        <span id={`${id}-title`} className="shrink-0 font-semibold text-panel">
          {spec.title}
        </span>
        {/* Where there is little room it stands on the axis alone. */}
        <span className={cn("shrink-0 text-muted-foreground text-xs", shown > 2 && "@max-[27rem]:sr-only")}>
          {spec.unit}
        </span>
        <Legend spec={spec} index={index} />
        {canLog && (
          <Toggle
            className="h-5 border-0 px-1 text-xs @max-[25rem]:ml-auto"
            pressed={log}
            title="Logarithmic axis"
            onClick={() => setLog(!log)}
          >
            log
          </Toggle>
        )}
        <Toggle
          className={cn("h-5 border-0 px-1", !canLog && "@max-[25rem]:ml-auto")}
          pressed={table}
          aria-label={`${spec.title} as a table`}
          title="As a table"
          onClick={() => setTable(!table)}
        >
          <Table2 aria-hidden="true" />
        </Toggle>
      </figcaption>
      <p id={`${id}-summary`} className="sr-only">
        {summary}
      </p>
      {table ? (
        <DataTable spec={spec} times={times} />
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: a plot is no form control, yet arrows move its cursor
        <div
          role="group"
          tabIndex={0}
          aria-label={`${spec.title}: arrows move the cursor, M goes to the next event`}
          className="-outline-offset-2"
          onKeyDown={move}
          onBlur={() => useCrosshair.setState({ at: null, pinned: false })}
        >
          <Plot
            spec={spec}
            times={times}
            span={span}
            markers={markers}
            log={log}
            onZoom={onZoom}
            onBack={onBack}
            listOf={listOf}
          />
        </div>
      )}
    </figure>
  );
}
