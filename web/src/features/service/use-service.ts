import type { AppError } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { type ServiceOf, ServicePage, ServicesAsOf } from "./documents";

const EVERY_MS = 5_000;

interface Asked {
  /** Null when there is none of this name; undefined before the first answer. */
  service: ServiceOf | null | undefined;
  error: AppError | null;
  again: () => void;
}

/** A service as it is, or as it was at the moment that the page shows. */
export function useService(name: string): Asked {
  const moment = useMoment();
  const paused = usePaused();
  const now = useQuery(ServicePage, moment === null ? { name } : null, paused ? {} : { every: EVERY_MS });
  const past = useQuery(ServicesAsOf, asOfVariables(moment));
  if (moment === null) return { service: now.data?.service, error: now.error, again: now.again };
  const nodes = past.data?.asOf.services.nodes;
  const service = nodes ? (nodes.find((each) => each.name === name) ?? null) : undefined;
  return { service, error: past.error, again: past.again };
}
