import { useMemo } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import { useNow } from "@/shared/time/clock";
import { LeadershipEvents } from "./documents";
import { type Statistics, statisticsOf } from "./statistics";

const DAY_MS = 86_400_000;
const STEP_MS = 60_000;
const AGAIN_MS = 5_000;

export interface Day {
  statistics: Statistics;
  /** Whether there were more changes than are looked at: then figures are of the newest only. */
  cut: boolean;
}

/** What changed within 24 hours. */
export function useDay(): Day | null {
  const from = Math.floor((useNow() - DAY_MS) / STEP_MS) * STEP_MS;
  const paused = usePaused();
  const { data } = useQuery(
    LeadershipEvents,
    { aggregate: null, from: new Date(from).toISOString(), to: null, before: null },
    paused ? {} : { every: AGAIN_MS },
  );
  const page = data?.events;
  return useMemo(
    () => (page ? { statistics: statisticsOf(page.nodes), cut: page.pageInfo.hasPreviousPage } : null),
    [page],
  );
}
