import { useEffect, useMemo, useState } from "react";
import { useConnectionOf } from "@/shared/graphql/use-live";
import { usePaused } from "@/shared/live/pause";
import { ServicesLive } from "./documents";
import { type Alive, withUpdate } from "./running";

/** So many services are followed at a time: what one document may cost is bounded. */
const PAGE = 140;
const PAGES = 10;

type Running = ReadonlyMap<string, Alive>;

/** What is alive of each service, as it changes; null before the first message. It stands while the page is paused. */
export function useRunning(follow: boolean): Running | null {
  const [pages, setPages] = useState<ReadonlyMap<number, Running>>(new Map());
  const [total, setTotal] = useState(0);
  const live = useConnectionOf((s) => s.live);
  const paused = usePaused();
  const wanted = Math.min(PAGES, Math.max(1, Math.ceil(total / PAGE)));
  useEffect(() => {
    if (!live || !follow || paused) return;
    const ends = Array.from({ length: wanted }, (_, page) =>
      live.subscribe({
        document: ServicesLive,
        variables: () => ({ first: PAGE, offset: page * PAGE }),
        onData: ({ serviceChanges }) => {
          setTotal(Number(serviceChanges.totalCount));
          setPages((all) => new Map(all).set(page, withUpdate(all.get(page) ?? null, serviceChanges)));
        },
        // The connection itself says when it does not hold.
        onError: () => {},
      }),
    );
    return () => {
      for (const end of ends) end();
    };
  }, [live, follow, paused, wanted]);
  return useMemo(
    () => (pages.size === 0 ? null : new Map([...pages.values()].flatMap((page) => [...page]))),
    [pages],
  );
}
