import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";
import { type Event, type EventFilter, EventHistory, EventsAfter } from "./documents";
import { merge } from "./log";
import { useEvents } from "./store";

const PAGE = 100;
/** So many events above a moment that is jumped to. */
const ABOVE = 20;
const REST_MS = 150;

interface Pages {
  /** Oldest first. */
  events: readonly Event[];
  /** Null where the list reaches the beginning. */
  older: string | null;
  /** Null where the list reaches the newest event, and follows. */
  newer: string | null;
  loading: "all" | "older" | "newer" | null;
  error: AppError | null;
}

const start: Pages = { events: [], older: null, newer: null, loading: "all", error: null };

export interface Log extends Pages {
  loadOlder: () => void;
  loadNewer: () => void;
  again: () => void;
}

const before = (last: number, cursor: string | null, filter: EventFilter) =>
  client.query(EventHistory, { last, before: cursor, filter }).toPromise();
const after = (first: number, cursor: string, filter: EventFilter) =>
  client.query(EventsAfter, { first, after: cursor, filter }).toPromise();

interface Options {
  /** As the server takes it. */
  filter: EventFilter;
  /** The same rule, for events that arrive live. */
  takes: (event: Event) => boolean;
  /** The list begins around this event, not at the newest. */
  top: Whole | null;
  /** Whether events that arrive belong to the list: not where it ends at a fixed time. */
  live: boolean;
  /** The last event of the moment that the page shows; null for now. */
  until: Whole | null;
}

/** A stretch of the log that grows at both ends by keyset: nothing shifts while new events arrive. */
export function useLog({ filter, takes, top, live, until }: Options): Log {
  const [pages, setPages] = useState<Pages>(start);
  const run = useRef(0);
  const key = JSON.stringify(filter);
  const tail = useEvents((s) => s.events);

  const fail = useCallback((error: Parameters<typeof errorFromUrql>[0] | undefined): void => {
    setPages((now) => ({ ...now, loading: null, error: error ? errorFromUrql(error) : null }));
  }, []);

  const begin = useCallback(async () => {
    const mine = ++run.current;
    const wanted = JSON.parse(key) as EventFilter;
    setPages(start);
    const last = top ?? until;
    const old = await before(PAGE, last === null ? null : String(BigInt(last) + 1n), wanted);
    const young = top === null || until !== null ? null : await after(ABOVE, String(top), wanted);
    if (mine !== run.current) return;
    const page = old.data?.events;
    if (!page) return fail(old.error);
    const next = young?.data?.events;
    setPages({
      events: merge(page.nodes, next?.nodes ?? []),
      older: page.pageInfo.hasPreviousPage ? page.pageInfo.startCursor : null,
      newer: next?.pageInfo.hasNextPage ? next.pageInfo.endCursor : null,
      loading: null,
      error: null,
    });
  }, [key, top, until, fail]);

  useEffect(() => {
    const timer = setTimeout(() => void begin(), REST_MS);
    return () => {
      clearTimeout(timer);
      run.current += 1;
    };
  }, [begin]);

  const loadOlder = async (): Promise<void> => {
    const mine = run.current;
    setPages((now) => ({ ...now, loading: "older", error: null }));
    const { data, error } = await before(PAGE, pages.older, filter);
    if (mine !== run.current) return;
    if (!data) return fail(error);
    const { nodes, pageInfo } = data.events;
    setPages((now) => ({
      ...now,
      events: merge(nodes, now.events),
      older: pageInfo.hasPreviousPage ? pageInfo.startCursor : null,
      loading: null,
    }));
  };
  const loadNewer = async (): Promise<void> => {
    if (pages.newer === null) return;
    const mine = run.current;
    setPages((now) => ({ ...now, loading: "newer", error: null }));
    const { data, error } = await after(PAGE, pages.newer, filter);
    if (mine !== run.current) return;
    if (!data) return fail(error);
    const { nodes, pageInfo } = data.events;
    setPages((now) => ({
      ...now,
      events: merge(now.events, nodes),
      newer: pageInfo.hasNextPage ? pageInfo.endCursor : null,
      loading: null,
    }));
  };

  const follows = live && until === null && pages.newer === null && pages.loading !== "all";
  const events = useMemo(() => {
    if (!follows) return pages.events;
    const oldest = pages.events[0]?.sequence ?? 0;
    const fresh = (tail ?? []).filter(
      (event) => (event.sequence >= oldest || pages.older === null) && takes(event),
    );
    return merge(pages.events, fresh);
  }, [follows, pages.events, pages.older, tail, takes]);

  return {
    ...pages,
    events,
    loadOlder: () => void loadOlder(),
    loadNewer: () => void loadNewer(),
    again: () => void begin(),
  };
}
