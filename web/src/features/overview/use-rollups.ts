import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { onNewEvents } from "@/shared/events/store";
import { usePulse } from "@/shared/freshness/pulse";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import { throttle } from "@/shared/live/throttle";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { type ServiceNode, ServiceRollups, ServiceRollupsAsOf } from "./documents";
import { type Rollup, rollupOf, worstFirst } from "./rollups";

const EVERY_MS = 5_000;
/** Changes that come together are asked for once. */
const GAP_MS = 500;
const PAGES = 10;

export interface Rollups {
  /** The worst first; null before the first answer. */
  rollups: readonly Rollup[] | null;
  total: number;
  error: AppError | null;
  again: () => void;
}

async function loadAll(): Promise<{ nodes: ServiceNode[]; total: number } | { error: AppError }> {
  const nodes: ServiceNode[] = [];
  let after: string | null = null;
  let total = 0;
  for (let page = 0; page < PAGES; page++) {
    const result: Awaited<ReturnType<typeof loadPage>> = await loadPage(after);
    if (result.error || !result.data) {
      return {
        error: result.error
          ? errorFromUrql(result.error)
          : { code: "EMPTY", message: "The answer is empty", requestId: null, retryable: true },
      };
    }
    const { services } = result.data;
    nodes.push(...services.nodes);
    total = Number(services.totalCount);
    if (!services.pageInfo.hasNextPage) break;
    after = services.pageInfo.endCursor;
  }
  return { nodes, total };
}

const loadPage = (after: string | null) => client.query(ServiceRollups, { after }).toPromise();

/** All services as one line each, renewed every five seconds, and when something changes; they stand while the page is paused. */
export function useRollups(): Rollups {
  const [state, setState] = useState<Omit<Rollups, "again">>({ rollups: null, total: 0, error: null });
  const paused = usePaused();
  const held = useRef(paused);
  held.current = paused;
  const load = useCallback(async (): Promise<void> => {
    const result = await loadAll();
    if (held.current) return;
    if ("error" in result) setState((s) => ({ ...s, error: result.error }));
    else {
      const rollups = result.nodes.map(rollupOf).sort(worstFirst);
      setState({ rollups, total: result.total, error: null });
    }
  }, []);
  const moment = useMoment();
  const past = useQuery(ServiceRollupsAsOf, asOfVariables(moment));
  const answer = past.data?.asOf.services;
  const rollups = useMemo(() => (answer ? answer.nodes.map(rollupOf).sort(worstFirst) : null), [answer]);
  useEffect(() => {
    if (paused || moment !== null) return;
    const again = throttle(() => void load(), GAP_MS);
    again();
    const timer = setInterval(again, EVERY_MS);
    // What the totals and the feed tell already, the services must not tell five seconds later.
    const ends = [
      usePulse.subscribe((now, before) => now.counts !== before.counts && again()),
      onNewEvents(again),
    ];
    return () => {
      clearInterval(timer);
      again.cancel();
      for (const end of ends) end();
    };
  }, [paused, moment, load]);
  if (moment !== null) {
    return { rollups, total: Number(answer?.totalCount ?? 0), error: past.error, again: past.again };
  }
  return { ...state, again: () => void load() };
}
