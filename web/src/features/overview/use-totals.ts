import { useState } from "react";
import { useAttention } from "@/shared/attention/store";
import { usePulse } from "@/shared/freshness/pulse";
import { useLive } from "@/shared/graphql/use-live";
import { useInstanceWindow } from "@/shared/instances/use-instance-window";
import { useHeld } from "@/shared/live/use-held";
import { useServiceCount } from "@/shared/services/use-service-window";
import type { InstanceStatus } from "@/shared/status/status";
import { useMoment } from "@/shared/url/moment";
import { GroupCount } from "./documents";

/** What there is; null before it is known. */
export interface Totals {
  services: number | null;
  /** Services that need somebody. */
  notFine: number;
  counts: ReadonlyMap<InstanceStatus, number> | null;
  instances: number;
  groups: number | null;
  ownerless: number;
}

/** Of all services, or of those that one team answers for. */
export function useTotals(team: string): Totals {
  const scope = team === "" ? {} : { team };
  const services = useServiceCount(scope);
  const notFine = useServiceCount({ ...scope, attention: true });
  const counts = usePulse((s) => s.counts);
  const instances = usePulse((s) => s.total);
  const { groups, ownerless } = useAttention();
  const ofTeam = useTotalsOfTeam(team);
  const rest = team === "" ? { counts, instances, groups, ownerless: ownerless.total } : { ...ofTeam };
  return useHeld({ services, notFine: notFine ?? 0, ...rest });
}

type OfTeam = Pick<Totals, "counts" | "instances" | "groups" | "ownerless">;

function useTotalsOfTeam(team: string): OfTeam {
  const wanted = useMoment() === null && team !== "";
  const { page } = useInstanceWindow(
    wanted ? { filter: { team }, orderBy: { field: "NAME" }, first: 1, offset: 0 } : null,
  );
  const [groups, setGroups] = useState<{ of: string; all: number; ownerless: number } | null>(null);
  useLive(GroupCount, wanted ? { filter: { team } } : null, {
    onData: ({ leaderChanges: { totalCount, ownerless } }) =>
      setGroups({ of: team, all: Number(totalCount), ownerless: Number(ownerless) }),
    onError: () => {},
  });
  const known = groups?.of === team ? groups : null;
  return {
    counts: page?.counts ?? null,
    instances: page?.total ?? 0,
    groups: known?.all ?? null,
    ownerless: known?.ownerless ?? 0,
  };
}
