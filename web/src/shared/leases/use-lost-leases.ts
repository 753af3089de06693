import { useMemo } from "react";
import { useEvents } from "@/shared/events/store";
import { useHeld } from "@/shared/live/use-held";
import { useNow } from "@/shared/time/clock";
import { useMoment } from "@/shared/url/moment";
import { lostLeases } from "./lost";

const none: ReadonlyMap<string, number> = new Map();

/** Who has just lost a lease, and when. Who is dead is not marked before several heartbeats are missed; its leases go sooner. */
export function useLostLeases(): ReadonlyMap<string, number> {
  const events = useEvents((s) => s.events);
  const past = useMoment() !== null;
  const now = useNow();
  const lost = useMemo(() => {
    const found = past ? none : lostLeases(events ?? [], now);
    return found.size > 0 ? found : none;
  }, [events, past, now]);
  return useHeld(lost);
}
