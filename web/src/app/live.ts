import { startAttention } from "@/shared/attention/store";
import { useConnectionStore } from "@/shared/connection/store";
import type { Event } from "@/shared/events/documents";
import { onNewEvents, resetEvents, startEvents } from "@/shared/events/store";
import { startPulse } from "@/shared/freshness/pulse";
import { takeSocket } from "@/shared/graphql/early";
import { sessionOver, standing } from "@/shared/graphql/http";
import { createLive } from "@/shared/graphql/live";
import { liveUrl } from "@/shared/graphql/live-url";
import { useConnectionOf } from "@/shared/graphql/use-live";
import { startLimits } from "@/shared/limits/store";
import { usePause } from "@/shared/live/pause";
import { startSystem } from "@/shared/system/store";
import { serverNow } from "@/shared/time/clock";
import { useAnnouncer } from "@/shared/ui/announcer";

function onLeadership(events: readonly Event[]): void {
  const changes = events.filter((event) => event.kind === "LEADERSHIP");
  if (changes.length === 0) return;
  for (const change of changes) useAnnouncer.getState().say(change.summary);
}

/** Opens the one live connection and everything that hangs off it; the result closes it all. */
export function goLive(): () => void {
  const { dispatch } = useConnectionStore.getState();
  const live = createLive({
    url: liveUrl(window.location),
    dispatch,
    standing,
    onDenied: sessionOver,
    early: takeSocket,
    now: serverNow,
  });
  const offline = (): void => live.interrupt();
  const online = (): void => live.hurry();
  window.addEventListener("offline", offline);
  window.addEventListener("online", online);
  const ends = [startSystem(live), startPulse(live), onNewEvents(onLeadership)];
  useConnectionOf.setState({ live });
  // What the screen asks for comes first: it does so as soon as there is a connection to ask over.
  const later = setTimeout(() => ends.push(startEvents(live), startAttention(live), startLimits()));
  return () => {
    clearTimeout(later);
    window.removeEventListener("offline", offline);
    window.removeEventListener("online", online);
    useConnectionOf.setState({ live: null });
    for (const end of ends) end();
    live.stop();
    dispatch({ type: "stopped" });
    usePause.getState().resume();
    resetEvents();
  };
}
