import { useMemo } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import { useNow } from "@/shared/time/clock";
import { LeadershipEvents } from "./documents";
import { type Statistics, statisticsOf } from "./statistics";

const DAY_MS = 86_400_000;
const STEP_MS = 60_000;
const AGAIN_MS = 5_000;

/** What changed within 24 hours, as far as the newest 500 events of leadership tell it; null before they were asked for. */
export function useDay(): Statistics | null {
  const from = Math.floor((useNow() - DAY_MS) / STEP_MS) * STEP_MS;
  const paused = usePaused();
  const { data } = useQuery(
    LeadershipEvents,
    { aggregate: null, from: new Date(from).toISOString(), to: null, before: null },
    paused ? {} : { every: AGAIN_MS },
  );
  const nodes = data?.events.nodes;
  return useMemo(() => (nodes ? statisticsOf(nodes) : null), [nodes]);
}
