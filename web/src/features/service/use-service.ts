import type { AppError } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { WINDOW } from "@/shared/instances/documents";
import { bySeverity, orderByOf } from "@/shared/instances/order";
import { useInstanceWindow } from "@/shared/instances/use-instance-window";
import type { Page } from "@/shared/instances/window";
import { usePaused } from "@/shared/live/pause";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { type LeaderOf, type ServiceOf, ServicePage, ServicePageAsOf } from "./documents";

const EVERY_MS = 5_000;

/** A service with the first of its instances, the worst of them first, and of its groups. */
export interface Seen {
  service: ServiceOf;
  page: Page;
  leaders: readonly LeaderOf[];
  /** All groups there are. */
  groups: number;
}

interface Asked {
  /** Null when there is none of this name; undefined before the first answer. */
  seen: Seen | null | undefined;
  error: AppError | null;
  again: () => void;
}

/** A service as it is, or as it was at the moment that the page shows. */
export function useService(name: string): Asked {
  const moment = useMoment();
  const paused = usePaused();
  const now = useQuery(ServicePage, moment === null ? { name } : null, paused ? {} : { every: EVERY_MS });
  const as = asOfVariables(moment);
  const past = useQuery(ServicePageAsOf, as && { ...as, name });
  const list = useInstanceWindow({
    filter: { service: name },
    orderBy: orderByOf(bySeverity),
    first: WINDOW,
    offset: 0,
  });
  const asked = moment === null ? now : past;
  const error = asked.error ?? list.error;
  const answer = moment === null ? now.data : past.data?.asOf;
  if (!answer || !list.page) return { seen: undefined, error, again: asked.again };
  const found =
    "service" in answer ? answer.service : (answer.services.nodes.find((each) => each.name === name) ?? null);
  const { nodes, totalCount } = answer.leaders;
  const seen = found && { service: found, page: list.page, leaders: nodes, groups: Number(totalCount) };
  return { seen, error, again: asked.again };
}
