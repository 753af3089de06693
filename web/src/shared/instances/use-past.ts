import { useMemo } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { InstancesAsOf } from "@/shared/replay/documents";
import { asOfVariables } from "@/shared/replay/variables";
import type { InstanceStatus } from "@/shared/status/status";
import { useMoment } from "@/shared/url/moment";
import type { InstanceWindowState, WindowQuery } from "./use-instance-window";
import type { Page } from "./window";

/** So many rows of the past are asked for at most. */
const MOST = 500;

/** The same window of the list as it stood at the moment that the page shows; `is` says whether there is one. */
export function usePast(query: WindowQuery | null): InstanceWindowState & { is: boolean } {
  const moment = useMoment();
  const as = asOfVariables(moment);
  const { data, error, loading } = useQuery(
    InstancesAsOf,
    query && as
      ? {
          ...as,
          filter: query.filter ?? null,
          orderBy: query.orderBy ?? null,
          first: Math.min(MOST, query.first + query.offset),
        }
      : null,
  );
  const offset = query?.offset ?? 0;
  const page = useMemo((): Page | null => {
    if (!data) return null;
    const { instances, asOfSequence } = data.asOf;
    const counts = new Map<InstanceStatus, number>();
    for (const { status } of instances.nodes) counts.set(status, (counts.get(status) ?? 0) + 1);
    return {
      rows: instances.nodes.slice(offset),
      total: Math.min(MOST, Number(instances.totalCount)),
      counts,
      asOf: asOfSequence,
    };
  }, [data, offset]);
  return { page, error, current: !loading, is: moment !== null };
}
