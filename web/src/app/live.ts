import {
  refreshLeaders,
  resetInstances,
  resetLeaders,
  startInstances,
  startLeaders,
} from "@/features/dashboard";
import { type Event, onNewEvents, resetEvents, startEvents } from "@/features/events";
import { useConnectionStore } from "@/shared/connection/store";
import { sessionOver, standing } from "@/shared/graphql/http";
import { createLive } from "@/shared/graphql/live";
import { liveUrl } from "@/shared/graphql/live-url";
import { useAnnouncer } from "@/shared/ui/announcer";

function onLeadership(events: readonly Event[]): void {
  const changes = events.filter((event) => event.kind === "LEADERSHIP");
  if (changes.length === 0) return;
  refreshLeaders();
  for (const change of changes) useAnnouncer.getState().say(change.summary);
}

/** Opens the one live connection and everything that hangs off it; the result closes it all. */
export function goLive(): () => void {
  const { dispatch } = useConnectionStore.getState();
  const live = createLive({ url: liveUrl(window.location), dispatch, standing, onDenied: sessionOver });
  const offline = (): void => live.interrupt();
  const online = (): void => live.hurry();
  window.addEventListener("offline", offline);
  window.addEventListener("online", online);
  const ends = [startInstances(live), startEvents(live), startLeaders(), onNewEvents(onLeadership)];
  return () => {
    window.removeEventListener("offline", offline);
    window.removeEventListener("online", online);
    for (const end of ends) end();
    live.stop();
    dispatch({ type: "stopped" });
    resetInstances();
    resetEvents();
    resetLeaders();
  };
}
