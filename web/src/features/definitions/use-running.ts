import { useState } from "react";
import { useLive } from "@/shared/graphql/use-live";
import { usePaused } from "@/shared/live/pause";
import { ServicesLive } from "./documents";
import { type Alive, withUpdate } from "./running";

/** What is alive of each service, as it changes; null before the first message. It stands while the page is paused. */
export function useRunning(follow: boolean): ReadonlyMap<string, Alive> | null {
  const [running, setRunning] = useState<ReadonlyMap<string, Alive> | null>(null);
  const paused = usePaused();
  useLive(ServicesLive, follow && !paused ? {} : null, {
    onData: ({ serviceChanges }) => setRunning((before) => withUpdate(before, serviceChanges)),
    // The connection itself says when it does not hold.
    onError: () => {},
  });
  return running;
}
