import { useMemo } from "react";
import type { VariablesOf } from "@/gql";
import type { AppError } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { ServicesAsOf } from "./documents";
import { type Rollup, rollupOfSummary } from "./rollups";

/** As many as one answer may have by its cost. */
const FIRST = 300;

type Filter = VariablesOf<typeof ServicesAsOf>["filter"];

export interface PastRollups {
  /** Null before the answer. */
  rollups: readonly Rollup[] | null;
  /** How many there were, also those that are not told of. */
  total: number;
  error: AppError | null;
  again: () => void;
}

/** Services as they stood at the moment that the page shows, the worst first; asked only when wanted. */
export function usePastRollups(filter: Filter, wanted: boolean): PastRollups {
  const moment = asOfVariables(useMoment());
  const { data, error, again } = useQuery(
    ServicesAsOf,
    wanted && moment ? { ...moment, filter, first: FIRST } : null,
  );
  const page = data?.asOf.serviceSummaries;
  const rollups = useMemo(() => (page ? page.services.map(rollupOfSummary) : null), [page]);
  return { rollups, total: Number(page?.totalCount ?? 0), error, again };
}
