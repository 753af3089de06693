import { useMemo } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { serverNow } from "@/shared/time/clock";
import { useMoment } from "@/shared/url/moment";
import { FiguresOfInstances } from "./documents";
import { type Limits, overErrors, overP99 } from "./limits";
import { hourOf, type Since, sinceOf } from "./since";

const EVERY_MS = 60_000;

interface Row {
  id: string;
  service: string;
  minute: { p99Ms: number | null; errorPercent: number | null } | null;
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
  const ids = beyond.map(({ id }) => id);
  const { data } = useQuery(
    FiguresOfInstances,
    past || ids.length === 0 ? null : hourOf(ids, now),
    useEvery(EVERY_MS),
  );
  return useMemo(() => {
    const since = new Map<string, Since>();
    for (const { id, points } of data?.sparklines ?? []) {
      const own = limits.get(id.split("/", 1)[0] ?? "");
      if (own) since.set(id, sinceOf(points, own, serverNow()));
    }
    return since;
  }, [data, limits]);
}
