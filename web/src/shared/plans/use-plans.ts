import { useMemo } from "react";
import { useHeld } from "@/shared/live/use-held";
import { useSystem } from "@/shared/system/store";
import { useNow } from "@/shared/time/clock";
import { useMoment } from "@/shared/url/moment";
import { type About, type Plans, plansOf } from "./plans";

const nothing: Plans = { maintenances: [], switchovers: [] };

/** What is planned now of a service or a group. Of the past nothing is told. */
export function usePlans({ service, group }: About): Plans {
  const system = useSystem((s) => s.system);
  const past = useMoment() !== null;
  const now = useNow();
  const plans = useMemo(
    () => (past || system === null ? nothing : plansOf(system, { service, group }, now)),
    [past, system, service, group, now],
  );
  return useHeld(plans);
}
