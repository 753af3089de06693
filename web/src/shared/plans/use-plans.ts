import { useMemo } from "react";
import { useFrozenAt } from "@/shared/freshness/truth";
import { useQuery } from "@/shared/graphql/use-query";
import { useHeld } from "@/shared/live/use-held";
import { asOfVariables } from "@/shared/replay/variables";
import { useSystem } from "@/shared/system/store";
import { useNow } from "@/shared/time/clock";
import { useMoment } from "@/shared/url/moment";
import { PlansAsOf } from "./documents";
import { type About, type Plans, plansOf } from "./plans";

const nothing: Plans = { maintenances: [], switchovers: [] };

/** The moment that plans are counted down from: that which the page shows. */
export function usePlansNow(): number {
  const now = useNow();
  return useFrozenAt() ?? now;
}

/** What is planned of a service or a group, now or at the moment that the page shows. */
export function usePlans({ service, group }: About): Plans {
  const system = useSystem((s) => s.system);
  const moment = useMoment();
  const past = useQuery(PlansAsOf, asOfVariables(moment));
  const now = usePlansNow();
  const told = moment === null ? system : (past.data?.asOf ?? null);
  const plans = useMemo(
    () => (told === null ? nothing : plansOf(told, { service, group }, now)),
    [told, service, group, now],
  );
  return useHeld(plans);
}
