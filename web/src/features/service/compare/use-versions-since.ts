import { useMemo } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { type Limits, overErrors, overP99 } from "@/shared/limits/limits";
import { hourOf, type Since, sinceOf } from "@/shared/limits/since";
import { useEvery } from "@/shared/live/use-every";
import { serverNow } from "@/shared/time/clock";
import { LinesOf } from "../documents";
import type { VersionRow } from "./rollout";
import { joined } from "./samples";

const EVERY_MS = 60_000;

/** Since when the figures of these versions are beyond the limits of the service, by version; only of those that are. */
export function useVersionsSince(
  rows: readonly VersionRow[],
  limits: Limits,
  now: number,
): ReadonlyMap<string, Since> {
  const beyond = rows.filter(
    ({ worstP99Ms, errorPercent }) =>
      (overP99(limits, worstP99Ms) ?? overErrors(limits, errorPercent)) !== null,
  );
  const ids = beyond.flatMap((row) => row.ids);
  const { data } = useQuery(LinesOf, ids.length === 0 ? null : hourOf(ids, now), useEvery(EVERY_MS));
  return useMemo(() => {
    const lines = new Map(data?.sparklines.map((line) => [line.id, line]));
    const since = new Map<string, Since>();
    for (const { version, ids } of rows) {
      const own = ids.flatMap((id) => lines.get(id) ?? []);
      // Of a version with more instances than were asked for, the others may be beyond for longer.
      if (own.length === ids.length) since.set(version, sinceOf(joined(own).points, limits, serverNow()));
    }
    return since;
  }, [data, rows, limits]);
}
