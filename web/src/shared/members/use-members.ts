import { useEffect, useMemo, useRef } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { useMoment } from "@/shared/url/moment";
import { type GroupMembers, MembersOfGroups } from "./documents";

const EVERY_MS = 5_000;
/** As many groups as one question may name. */
export const MOST = 200;

/** Groups by id (`service/group`), with the owner that the page shows of each; null for none. */
export type Owners = ReadonlyMap<string, string | null>;

/**
 * The members of these groups, by id. Who of them is the owner is what the page shows of the group: both are of one moment.
 * When an owner changes, they are asked for anew. Of the past nothing is told.
 */
export function useMembers(owners: Owners): ReadonlyMap<string, GroupMembers> {
  const past = useMoment() !== null;
  const ids = [...owners.keys()].sort().slice(0, MOST);
  const { data, again } = useQuery(
    MembersOfGroups,
    past || ids.length === 0 ? null : { ids },
    useEvery(EVERY_MS),
  );
  const asked = ids.join();
  const owned = JSON.stringify(ids.map((id) => owners.get(id)));
  const before = useRef({ asked, owned });
  useEffect(() => {
    const was = before.current;
    before.current = { asked, owned };
    if (was.asked === asked && was.owned !== owned) again();
  });
  return useMemo(() => {
    const names: unknown[] = JSON.parse(owned);
    const shown = new Map(asked.split(",").map((id, index) => [id, names[index]]));
    return new Map(
      (past ? [] : (data?.groupMembers ?? [])).map((each) => [each.id, ownedBy(each, shown.get(each.id))]),
    );
  }, [past, data, asked, owned]);
}

/** With this owner alone; as it was told, where the page shows none of the group. */
export function ownedBy(group: GroupMembers, owner: unknown): GroupMembers {
  if (owner === undefined) return group;
  const members = group.members.map((each) => ({ ...each, owner: each.instance === owner }));
  return { ...group, members };
}
