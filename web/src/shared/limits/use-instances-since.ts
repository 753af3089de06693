import { useMemo } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { useMoment } from "@/shared/url/moment";
import { FiguresOfInstances } from "./documents";
import { type Limits, overErrors, overP99 } from "./limits";
import { beyondSince } from "./since";

/** So far back it is asked since when, in windows of a minute; as many instances as one question may name. */
const BACK_MS = 3_600_000;
const WINDOWS = 60;
const MOST = 100;
const STEP_MS = 60_000;
const EVERY_MS = 60_000;

interface Row {
  id: string;
  service: string;
  minute: { p99Ms: number | null; errorPercent: number | null } | null;
}

export interface Since {
  p99: number | undefined;
  errors: number | undefined;
}

/** Since when the figures of these instances are beyond the limits of their definitions, by id; only of those that are. */
export function useInstancesSince(
  rows: readonly Row[],
  limits: ReadonlyMap<string, Limits>,
  now: number,
): ReadonlyMap<string, Since> {
  const past = useMoment() !== null;
  const beyond = rows.filter(({ service, minute }) => {
    const own = limits.get(service);
    return own && (overP99(own, minute?.p99Ms) ?? overErrors(own, minute?.errorPercent)) !== null;
  });
  const ids = beyond
    .map(({ id }) => id)
    .sort()
    .slice(0, MOST);
  const to = Math.floor(now / STEP_MS) * STEP_MS + STEP_MS;
  const { data } = useQuery(
    FiguresOfInstances,
    past || ids.length === 0
      ? null
      : {
          ids,
          from: new Date(to - BACK_MS).toISOString(),
          to: new Date(to).toISOString(),
          points: WINDOWS,
        },
    useEvery(EVERY_MS),
  );
  return useMemo(() => {
    const since = new Map<string, Since>();
    for (const { id, points } of data?.sparklines ?? []) {
      const own = limits.get(id.split("/", 1)[0] ?? "");
      if (!own) continue;
      const of = (kind: "p99" | "errors", limit: number | null): number | undefined =>
        limit === null ? undefined : (beyondSince(points, kind, limit) ?? undefined);
      since.set(id, { p99: of("p99", own.p99Ms), errors: of("errors", own.errorPercent) });
    }
    return since;
  }, [data, limits]);
}
