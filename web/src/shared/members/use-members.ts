import { useMemo } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { useMoment } from "@/shared/url/moment";
import { type GroupMembers, MembersOfGroups } from "./documents";

const EVERY_MS = 5_000;
/** As many groups as one question may name. */
export const MOST = 200;

/** The members of these groups (`service/group`), by id. Of the past nothing is told. */
export function useMembers(ids: readonly string[]): ReadonlyMap<string, GroupMembers> {
  const past = useMoment() !== null;
  const asked = [...new Set(ids)].sort().slice(0, MOST);
  const { data } = useQuery(
    MembersOfGroups,
    past || asked.length === 0 ? null : { ids: asked },
    useEvery(EVERY_MS),
  );
  return useMemo(
    () => new Map(past ? [] : (data?.groupMembers ?? []).map((each) => [each.id, each])),
    [past, data],
  );
}
