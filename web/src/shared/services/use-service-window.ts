import { useEffect, useMemo, useRef, useState } from "react";
import type { VariablesOf } from "@/gql";
import type { AppError } from "@/shared/graphql/errors";
import { useLive } from "@/shared/graphql/use-live";
import { usePaused } from "@/shared/live/pause";
import { throttle } from "@/shared/live/throttle";
import { ServiceCount, type ServiceUpdate, ServiceWindow } from "./documents";
import { applyToServices, type ServicePage } from "./window";

const PAINT_MS = 250;

export type ServiceQuery = VariablesOf<typeof ServiceWindow>;

export interface ServiceWindowState {
  page: ServicePage | null;
  error: AppError | null;
}

/** Follows one page of the list of services; null follows nothing. It stands while the page is paused. */
export function useServiceWindow(query: ServiceQuery | null): ServiceWindowState {
  const key = JSON.stringify(query);
  const [painted, setPainted] = useState<{ key: string; page: ServicePage } | null>(null);
  const [error, setError] = useState<{ key: string; error: AppError } | null>(null);
  const latest = useRef<{ key: string; page: ServicePage | null }>({ key: "", page: null });
  const paused = usePaused();
  const held = useRef(paused);
  held.current = paused;
  const paint = useMemo(
    () =>
      throttle(() => {
        const { key: of, page } = latest.current;
        if (page) setPainted((now) => (held.current && now?.key === of ? now : { key: of, page }));
      }, PAINT_MS),
    [],
  );
  useEffect(() => paint.cancel, [paint]);
  useEffect(() => {
    if (!paused) paint();
  }, [paused, paint]);
  useLive(ServiceWindow, query, {
    onData: (data) => {
      const before = latest.current.key === key ? latest.current.page : null;
      latest.current = { key, page: applyToServices(before, data.serviceChanges as ServiceUpdate) };
      setError(null);
      paint();
    },
    onError: (refused) => setError({ key, error: refused }),
  });
  return { page: painted?.page ?? null, error: error?.key === key ? error.error : null };
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
