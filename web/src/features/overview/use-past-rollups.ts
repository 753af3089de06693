import { useMemo } from "react";
import type { AppError } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { ServiceRollupsAsOf } from "./documents";
import { type Rollup, rollupOf, worstFirst } from "./rollups";

export interface PastRollups {
  /** Null before the answer. */
  rollups: readonly Rollup[] | null;
  error: AppError | null;
  again: () => void;
}

/** All services as they stood at the moment that the page shows, the worst first. */
export function usePastRollups(): PastRollups {
  const { data, error, again } = useQuery(ServiceRollupsAsOf, asOfVariables(useMoment()));
  const nodes = data?.asOf.services.nodes;
  const rollups = useMemo(() => (nodes ? nodes.map(rollupOf).sort(worstFirst) : null), [nodes]);
  return { rollups, error, again };
}
