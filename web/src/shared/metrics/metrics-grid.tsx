import { ScrollText } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { Toggle } from "@/components/ui/toggle";
import { Chart } from "@/shared/chart/chart";
import { useCrosshair } from "@/shared/chart/crosshair";
import type { Marker } from "@/shared/chart/model";
import { EventHistory } from "@/shared/events/documents";
import { count } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { useLimitsOf } from "@/shared/limits/store";
import { formatAge } from "@/shared/time/duration";
import type { Range, Window } from "@/shared/time/range";
import { useRange } from "@/shared/time/use-range";
import { ErrorView, Loading, Problem } from "@/shared/ui/states";
import { flag } from "@/shared/url/codec";
import { eventsPath } from "@/shared/url/links";
import { useUrlState } from "@/shared/url/use-url-state";
import { chartsOf } from "./charts";
import { gridOf, laidOver } from "./grid";
import { glyphKey, markersOf } from "./markers";
import { useSeries, useSpan } from "./use-series";

const MARKERS = 200;
/** So that the first and the last of some events lie within the time that lists them. */
const AROUND_MS = 1_000;
const shape = { before: flag };

interface Props {
  service: string;
  /** Null for the whole service. */
  instance: string | null;
}

/** All charts of one thing, with one crosshair and one span of time. */
export function MetricsGrid({ service, instance }: Props) {
  const [range, setRange] = useRange();
  const [{ before }, set] = useUrlState(shape);
  const asked = useSpan(range);
  const { data, error, again, span } = useSeries({ service, instance }, asked);
  const length = asked.to - asked.from;
  const earlier = useMemo(
    () => (before ? { from: asked.from - length, to: asked.from } : null),
    [before, asked, length],
  );
  const other = useSeries({ service, instance }, earlier);
  const markers = useMarkers(service, instance, asked);
  const history = useRef<Range[]>([]);
  const zoom = useCallback(
    (from: number, to: number) => {
      history.current.push(range);
      const iso = (seconds: number): string => new Date(Math.round(seconds * 1_000)).toISOString();
      setRange({ from: iso(from), to: iso(to) });
    },
    [range, setRange],
  );
  const back = useCallback(() => {
    const last = history.current.pop();
    if (last) setRange(last);
  }, [setRange]);
  const listOf = useCallback(
    (from: number, to: number) => eventsPath({ service, from: from - AROUND_MS, to: to + AROUND_MS }),
    [service],
  );
  useEffect(() => () => useCrosshair.setState({ at: null, pinned: false, sequence: null }), []);

  const limits = useLimitsOf(service);
  const grid = useMemo(() => data && span && gridOf(data, span), [data, span]);
  const charts = useMemo(() => {
    if (!grid) return null;
    const over = other.data && other.span ? laidOver(grid, gridOf(other.data, other.span)) : null;
    return chartsOf({
      points: grid.points,
      other: before ? over : null,
      stepSeconds: grid.times.stepSeconds,
      limits,
    });
  }, [grid, other.data, other.span, before, limits]);

  if (!grid || !charts || !span) {
    return error ? (
      <ErrorView error={error} onRetry={again} />
    ) : (
      <Loading what="the figures" onRetry={again} />
    );
  }
  return (
    <div className="flex flex-col gap-3">
      {error && <Problem error={error} onRetry={again} />}
      <div className="grid grid-cols-1 gap-3 @min-[44rem]:grid-cols-2 @min-[76rem]:grid-cols-3 @min-[110rem]:grid-cols-4">
        {charts.map((spec) => (
          <Chart
            key={spec.title}
            spec={spec}
            times={grid.times}
            span={span}
            markers={markers}
            onZoom={zoom}
            onBack={back}
            listOf={listOf}
            canLog={spec.title === "Latency"}
          />
        ))}
      </div>
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-muted-foreground text-xs">
        <span>
          {formatAge(grid.times.stepSeconds * 1_000)} windows · {count(grid.missing)} of {count(grid.windows)}{" "}
          missing · finest kept for this age
        </span>
        <span>
          · {glyphKey}; <ScrollText aria-hidden="true" className="inline size-3" /> with a number: so many
          close together
        </span>
        <span data-no-print>· drag zooms, double click steps back, click pins the crosshair</span>
        <Toggle
          data-no-print
          className="ml-auto h-6"
          pressed={before}
          onClick={() => set({ before: !before })}
        >
          Compare with the time before
        </Toggle>
      </p>
    </div>
  );
}

function useMarkers(service: string, instance: string | null, span: Window): readonly Marker[] {
  // In steps of ten seconds: marks may come a little later than lines.
  const step = 10_000;
  const [from, to] = [Math.floor(span.from / step) * step, Math.ceil(span.to / step) * step];
  const { data } = useQuery(EventHistory, {
    last: MARKERS,
    before: null,
    filter: { service, from: new Date(from).toISOString(), to: new Date(to).toISOString() },
  });
  const events = data?.events.nodes;
  return useMemo(() => markersOf(events ?? [], instance), [events, instance]);
}
