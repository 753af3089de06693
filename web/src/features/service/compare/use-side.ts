import { useMemo } from "react";
import type { AppError } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { type Grid, gridOf } from "@/shared/metrics/grid";
import { useSeries } from "@/shared/metrics/use-series";
import type { Window } from "@/shared/time/range";
import { LinesOf } from "../documents";
import { joined, type Sample, sampleOf } from "./samples";

/** Wide windows: of two calls in a second little can be said. */
const POINTS = 60;
/** As many as one question may name. */
const MOST = 100;

/** What a side of a comparison is of: a service, one of its instances, or several of them together. */
export type Subject = { kind: "one"; instance: string | null } | { kind: "many"; ids: readonly string[] };

interface Samples {
  /** On even moments; null before they are known. */
  grid: Grid<Sample> | null;
  error: AppError | null;
}

/** What one side of a comparison did within a span. */
export function useSide(service: string, subject: Subject | null, span: Window): Samples {
  const one = subject?.kind === "one" ? subject : null;
  const many = subject?.kind === "many" && subject.ids.length > 0 ? subject : null;
  const series = useSeries({ service, instance: one?.instance ?? null }, one && span, POINTS);
  const lines = useQuery(
    LinesOf,
    many && {
      ids: many.ids.slice(0, MOST),
      from: new Date(span.from).toISOString(),
      to: new Date(span.to).toISOString(),
      points: POINTS,
    },
  );
  const single = one !== null;
  const grid = useMemo(() => {
    if (single) {
      if (!series.data || !series.span) return null;
      const drawn = gridOf(series.data, series.span);
      return { ...drawn, points: drawn.points.map(sampleOf) };
    }
    if (!lines.data || !lines.of) return null;
    const { from, to } = lines.of;
    return gridOf(joined(lines.data.sparklines), { from: Date.parse(from), to: Date.parse(to) });
  }, [single, series.data, series.span, lines.data, lines.of]);
  return { grid, error: single ? series.error : lines.error };
}
