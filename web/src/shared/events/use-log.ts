import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { highest, type Whole } from "@/shared/graphql/exact";
import { type Event, type EventFilter, EventHistory, EventsAfter } from "./documents";
import { merge } from "./log";
import { CAPACITY, useEvents } from "./store";
import { hasGap, type Stretch, unfollowed, withLive, withNewer, withOlder } from "./stretch";

const PAGE = 100;
/** So many more when it is scrolled to an end. */
const MORE = 200;
/** So many events above a moment that is jumped to. */
const ABOVE = 20;
/** So many events of the live tail are added to the stretch at once: long before the tail forgets them. */
const ADDED = CAPACITY / 5;
const REST_MS = 150;

interface Pages extends Stretch {
  /** What the live tail has up to here is in the stretch, as far as the filter takes it. */
  through: Whole;
  loading: "all" | "older" | "newer" | null;
  error: AppError | null;
}

const start: Pages = { events: [], older: null, newer: null, through: 0, loading: "all", error: null };

export interface Log extends Omit<Pages, "through"> {
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
  /** Whether somebody reads further down: what they look at is not taken away for what arrives. */
  held: RefObject<boolean>;
}

/** A stretch of the log that grows at both ends by keyset: nothing shifts while new events arrive. */
export function useLog({ filter, takes, top, live, until, held }: Options): Log {
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
    const through = useEvents.getState().asOf;
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
      through,
      loading: null,
      error: null,
    });
  }, [key, top, until, fail]);

  const asked = useRef(false);
  useEffect(() => {
    // Somebody may be typing; but the first answer is waited for.
    const timer = setTimeout(() => void begin(), asked.current ? REST_MS : 0);
    asked.current = true;
    return () => {
      clearTimeout(timer);
      run.current += 1;
    };
  }, [begin]);

  const loadOlder = async (): Promise<void> => {
    const mine = run.current;
    setPages((now) => ({ ...now, loading: "older", error: null }));
    const { data, error } = await before(MORE, pages.older, filter);
    if (mine !== run.current) return;
    if (!data) return fail(error);
    const { nodes, pageInfo } = data.events;
    const older = pageInfo.hasPreviousPage ? pageInfo.startCursor : null;
    setPages((now) => ({ ...now, ...withOlder(now, nodes, older), loading: null }));
  };
  const loadNewer = async (): Promise<void> => {
    if (pages.newer === null) return;
    const mine = run.current;
    setPages((now) => ({ ...now, loading: "newer", error: null }));
    const through = useEvents.getState().asOf;
    const { data, error } = await after(MORE, pages.newer, filter);
    if (mine !== run.current) return;
    if (!data) return fail(error);
    const { nodes, pageInfo } = data.events;
    const newer = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    setPages((now) => ({ ...now, ...withNewer(now, nodes, newer), through, loading: null }));
  };

  const follows = live && until === null && pages.newer === null && pages.loading !== "all";
  const fresh = useMemo(() => {
    if (!follows) return [];
    const oldest = pages.events[0]?.sequence ?? 0;
    return (tail ?? []).filter((event) => (event.sequence >= oldest || pages.older === null) && takes(event));
  }, [follows, pages.events, pages.older, tail, takes]);
  const events = useMemo(() => merge(pages.events, fresh), [pages.events, fresh]);

  // The tail forgets; what the list shows stays in it.
  useEffect(() => {
    if (!follows || tail === null) return;
    if (hasGap(tail, CAPACITY, pages.through)) {
      if (held.current && pages.events.length > 0) setPages((now) => ({ ...now, ...unfollowed(now) }));
      else void begin();
      return;
    }
    if (tail.findLastIndex(({ sequence }) => sequence <= pages.through) + ADDED >= tail.length) return;
    const through = highest(pages.through, tail.at(-1)?.sequence ?? 0);
    setPages((now) => ({ ...now, ...withLive(now, fresh, held.current), through }));
  }, [follows, tail, fresh, pages.through, pages.events, held, begin]);

  return {
    ...pages,
    events,
    loadOlder: () => void loadOlder(),
    loadNewer: () => void loadNewer(),
    again: () => void begin(),
  };
}
