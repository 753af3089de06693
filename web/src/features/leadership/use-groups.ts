import { useCallback, useEffect, useRef, useState } from "react";
import { onNewEvents } from "@/shared/events/store";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import { throttle } from "@/shared/live/throttle";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { type Group, Groups, GroupsAsOf } from "./documents";

/** A hundred thousand groups. */
const PAGES = 200;
const EVERY_MS = 10_000;
const GAP_MS = 1_000;

export interface GroupsState {
  groups: readonly Group[] | null;
  total: number;
  error: AppError | null;
  again: () => void;
}

/** All groups that the filter takes, without owner first; asked for again when one changes its owner. */
export function useGroups(service: string): GroupsState {
  const [state, setState] = useState<Omit<GroupsState, "again">>({ groups: null, total: 0, error: null });
  const paused = usePaused();
  const moment = useMoment();
  const as = asOfVariables(moment);
  const past = useQuery(GroupsAsOf, as && { ...as, filter: service === "" ? null : { service } });
  const run = useRef(0);
  const load = useCallback(async (): Promise<void> => {
    const mine = ++run.current;
    const found: Group[] = [];
    let after: string | null = null;
    for (let page = 0; page < PAGES; page++) {
      const result: Awaited<ReturnType<typeof ask>> = await ask(after, service);
      if (mine !== run.current) return;
      if (result.error || !result.data) {
        const error = result.error ? errorFromUrql(result.error) : null;
        setState((s) => ({ ...s, error }));
        return;
      }
      const { nodes, pageInfo, totalCount } = result.data.leaders;
      found.push(...nodes);
      // The first page is shown at once; the rest comes as one.
      if (page === 0)
        setState((s) => (s.groups === null ? { groups: found, total: Number(totalCount), error: null } : s));
      if (!pageInfo.hasNextPage) {
        setState({ groups: found, total: Number(totalCount), error: null });
        return;
      }
      after = pageInfo.endCursor;
    }
    setState((s) => ({ ...s, groups: found }));
  }, [service]);
  useEffect(() => {
    if (paused || moment !== null) return;
    const again = throttle(() => void load(), GAP_MS);
    again();
    const timer = setInterval(again, EVERY_MS);
    const end = onNewEvents((events) => events.some(({ kind }) => kind === "LEADERSHIP") && again());
    return () => {
      run.current += 1;
      clearInterval(timer);
      again.cancel();
      end();
    };
  }, [load, paused, moment]);
  if (moment !== null) {
    const leaders = past.data?.asOf.leaders;
    return {
      groups: leaders?.nodes ?? null,
      total: Number(leaders?.totalCount ?? 0),
      error: past.error,
      again: past.again,
    };
  }
  return { ...state, again: () => void load() };
}

const ask = (after: string | null, service: string) =>
  client.query(Groups, { after, filter: service === "" ? null : { service } }).toPromise();
