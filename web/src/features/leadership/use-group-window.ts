import type { VariablesOf } from "@/gql";
import type { AppError } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { useFollowed } from "@/shared/live/use-followed";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { type Group, GroupsAsOf, type GroupUpdate, GroupWindow } from "./documents";
import type { Statistics } from "./statistics";

export const WINDOW = 150;
/** As many as one subscription may ask for. */
export const WIDEST = 500;

export interface GroupPage {
  rows: readonly Group[];
  /** Where in the list the rows begin. */
  offset: number;
  total: number;
  ownerless: number;
}

export interface GroupsState {
  page: GroupPage | null;
  error: AppError | null;
}

type Filter = VariablesOf<typeof GroupWindow>["filter"];

export function applyToGroups(page: GroupPage | null, update: GroupUpdate, offset: number): GroupPage | null {
  const totals = { offset, total: Number(update.totalCount), ownerless: Number(update.ownerless) };
  if (update.__typename === "LeaderSnapshot") return { rows: update.leaders, ...totals };
  if (page === null) return null;
  const rows = new Map(page.rows.map((row) => [row.id, row]));
  for (const id of update.removed) rows.delete(id);
  for (const row of update.changed) rows.set(row.id, row);
  const ordered = update.order
    ? update.order.map((id) => rows.get(id)).filter((row) => row !== undefined)
    : [...rows.values()];
  return { rows: ordered, ...totals };
}

/** Those of a page that change their owner again and again, as a page of their own. */
export function onlyFlapping(page: GroupPage, statistics: Statistics): GroupPage {
  const rows = page.rows.filter(({ id }) => statistics.get(id)?.flapping);
  const ownerless = rows.filter(({ instance }) => instance === null).length;
  return { rows, offset: 0, total: rows.length, ownerless };
}

/** Follows one page of the list of groups, or tells how it was at the moment that the page shows. */
export function useGroupWindow(filter: Filter, offset: number, first: number = WINDOW): GroupsState {
  const moment = useMoment();
  const as = asOfVariables(moment);
  const past = useQuery(GroupsAsOf, as && { ...as, filter: filter ?? null });
  const query = moment === null ? { filter, first, offset } : null;
  const followed = useFollowed(GroupWindow, query, (before: GroupPage | null, data) =>
    applyToGroups(before, data.leaderChanges as GroupUpdate, offset),
  );
  if (moment !== null) {
    const leaders = past.data?.asOf.leaders;
    const rows = leaders?.nodes ?? [];
    const ownerless = rows.filter(({ instance }) => instance === null).length;
    return { page: leaders ? { rows, offset: 0, total: rows.length, ownerless } : null, error: past.error };
  }
  return followed;
}
