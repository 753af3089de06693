import { useState } from "react";
import type { VariablesOf } from "@/gql";
import { useLive } from "@/shared/graphql/use-live";
import { type Followed, useFollowed } from "@/shared/live/use-followed";
import { ServiceCount, type ServiceUpdate, ServiceWindow } from "./documents";
import { applyToServices, type ServicePage } from "./window";

export type ServiceQuery = VariablesOf<typeof ServiceWindow>;

export type ServiceWindowState = Followed<ServicePage>;

/** Follows one page of the list of services; null follows nothing. */
export function useServiceWindow(query: ServiceQuery | null): ServiceWindowState {
  return useFollowed(ServiceWindow, query, (before: ServicePage | null, data) =>
    applyToServices(before, data.serviceChanges as ServiceUpdate),
  );
}

/** How many services a filter takes; null before it is known. */
export function useServiceCount(
  filter: NonNullable<VariablesOf<typeof ServiceCount>["filter"]>,
): number | null {
  const [total, setTotal] = useState<number | null>(null);
  useLive(
    ServiceCount,
    { filter },
    {
      onData: ({ serviceChanges }) => setTotal(Number(serviceChanges.totalCount)),
      onError: () => {},
    },
  );
  return total;
}
