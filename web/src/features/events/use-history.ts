import { useCallback, useEffect, useRef, useState } from "react";
import type { VariablesOf } from "@/gql";
import { type Event, EventHistory } from "@/shared/events/documents";
import { merge } from "@/shared/events/log";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import type { EventsView } from "./view-state";

const PAGE = 100;

interface History {
  events: readonly Event[];
  cursor: string | null;
  more: boolean;
  loading: boolean;
  error: AppError | null;
}

const start: History = { events: [], cursor: null, more: true, loading: true, error: null };

export type Filter = Omit<EventsView, "event">;

function toFilter({
  q,
  kind,
  service,
  from,
  to,
  ...not
}: Filter): VariablesOf<typeof EventHistory>["filter"] {
  return {
    ...(kind.length > 0 && { kinds: [...kind] }),
    ...(service !== "" && { service }),
    ...(q !== "" && { text: q }),
    not: { types: [...not["not.type"]], services: [...not["not.service"]], actors: [...not["not.actor"]] },
    ...(from !== null && { from: new Date(from).toISOString() }),
    ...(to !== null && { to: new Date(to).toISOString() }),
  };
}

/** Older pages of what matches the filter, newest page first, by keyset: nothing shifts while new events arrive. */
export function useHistory(filter: Filter): History & { older: () => void } {
  const [history, setHistory] = useState<History>(start);
  const run = useRef(0);
  const { event: _open, ...wanted } = { event: null, ...filter };
  const key = JSON.stringify(wanted);
  const latest = useRef(wanted);
  latest.current = wanted;

  const load = useCallback(
    async (before: string | null) => {
      const mine = before === null ? ++run.current : run.current;
      setHistory((h) => (before === null ? start : { ...h, loading: true, error: null }));
      const result = await client
        .query(EventHistory, { last: PAGE, before, filter: toFilter(latest.current) })
        .toPromise();
      if (mine !== run.current) return;
      const page = result.data?.events;
      if (result.error || !page) {
        const error = result.error ? errorFromUrql(result.error) : null;
        setHistory((h) => ({ ...h, loading: false, error }));
        return;
      }
      setHistory((h) => ({
        events: merge(page.nodes, h.events),
        cursor: page.pageInfo.startCursor,
        more: page.pageInfo.hasPreviousPage,
        loading: false,
        error: null,
      }));
    },
    [key],
  );

  useEffect(() => {
    const timer = setTimeout(() => void load(null), 150);
    return () => clearTimeout(timer);
  }, [load]);

  return { ...history, older: () => void load(history.cursor) };
}
