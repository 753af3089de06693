import { useMemo } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { useMoment } from "@/shared/url/moment";
import { type Lease, LeasesOf } from "./documents";

const EVERY_MS = 5_000;
/** As many as one question may name. */
const MOST = 500;

/** The leases of these instances (`service/instance`), by id. Those that say nothing of it are missing; of the past nothing is told. */
export function useLeases(ids: readonly string[]): ReadonlyMap<string, Lease> {
  const past = useMoment() !== null;
  const asked = [...new Set(ids)].sort().slice(0, MOST);
  const { data } = useQuery(LeasesOf, past || asked.length === 0 ? null : { ids: asked }, useEvery(EVERY_MS));
  return useMemo(
    () => new Map(past ? [] : (data?.leases ?? []).map((each) => [each.id, each])),
    [past, data],
  );
}
