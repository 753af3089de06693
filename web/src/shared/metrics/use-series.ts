import { useEffect, useMemo, useState } from "react";
import { type Asked, useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import { useReplay } from "@/shared/replay/store";
import { serverNow } from "@/shared/time/clock";
import { isLive, type Range, type Window, windowOf } from "@/shared/time/range";
import { MetricsOverTime, type Series } from "./documents";

const POINTS = 300;
const HOUR_MS = 3_600_000;

interface Subject {
  service: string;
  /** Null for all instances of the service together. */
  instance: string | null;
}

/** Where a range lies; one that ends now moves on every few seconds, and not while the page is paused. */
export function useSpan(range: Range): Window {
  const [present, setNow] = useState(serverNow);
  const paused = usePaused();
  const replayed = useReplay((s) => s.time);
  const live = isLive(range) && replayed === null;
  const { from, to } = windowOf(range, replayed ?? present);
  const every = to - from <= HOUR_MS ? 5_000 : 30_000;
  useEffect(() => {
    if (!live || paused) return;
    setNow(serverNow());
    const timer = setInterval(() => setNow(serverNow()), every);
    return () => clearInterval(timer);
  }, [live, paused, every]);
  return useMemo(() => ({ from, to }), [from, to]);
}

/** The figures of a span, with the span that they are of: while newer ones are on the way, the former stand. */
export function useSeries(
  subject: Subject,
  span: Window | null,
  points: number = POINTS,
): Omit<Asked<Series>, "of"> & { span: Window | null } {
  const asked = useQuery(
    MetricsOverTime,
    span && {
      ...subject,
      from: new Date(span.from).toISOString(),
      to: new Date(span.to).toISOString(),
      points,
    },
  );
  const { from, to } = asked.of ?? {};
  const shown = useMemo(
    () => (from && to ? { from: Date.parse(from), to: Date.parse(to) } : null),
    [from, to],
  );
  return { ...asked, data: asked.data?.metrics ?? null, span: shown };
}
