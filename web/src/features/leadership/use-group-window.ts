import { useEffect, useMemo, useRef, useState } from "react";
import type { VariablesOf } from "@/gql";
import type { AppError } from "@/shared/graphql/errors";
import { useLive } from "@/shared/graphql/use-live";
import { useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import { throttle } from "@/shared/live/throttle";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { type Group, GroupsAsOf, type GroupUpdate, GroupWindow } from "./documents";

const PAINT_MS = 250;
export const WINDOW = 150;

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

/** Follows one page of the list of groups, or tells how it was at the moment that the page shows. */
export function useGroupWindow(filter: Filter, offset: number): GroupsState {
  const moment = useMoment();
  const as = asOfVariables(moment);
  const past = useQuery(GroupsAsOf, as && { ...as, filter: filter ?? null });
  const query = moment === null ? { filter, first: WINDOW, offset } : null;
  const key = JSON.stringify(query);
  const latest = useRef<{ key: string; page: GroupPage | null }>({ key: "", page: null });
  const [painted, setPainted] = useState<{ key: string; page: GroupPage } | null>(null);
  const [error, setError] = useState<{ key: string; error: AppError } | null>(null);
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
  useLive(GroupWindow, query, {
    onData: (data) => {
      const before = latest.current.key === key ? latest.current.page : null;
      latest.current = { key, page: applyToGroups(before, data.leaderChanges as GroupUpdate, offset) };
      setError(null);
      paint();
    },
    onError: (refused) => setError({ key, error: refused }),
  });
  if (moment !== null) {
    const leaders = past.data?.asOf.leaders;
    const rows = leaders?.nodes ?? [];
    const ownerless = rows.filter(({ instance }) => instance === null).length;
    return { page: leaders ? { rows, offset: 0, total: rows.length, ownerless } : null, error: past.error };
  }
  return { page: painted?.page ?? null, error: error?.key === key ? error.error : null };
}
