import { type Event, EventHistory } from "@/shared/events/documents";
import { useEvents } from "@/shared/events/store";
import { useQuery } from "@/shared/graphql/use-query";
import { useHeld } from "@/shared/live/use-held";
import { useReplay } from "@/shared/replay/store";

/** As many events of the past as the tail has at first. */
const SHOWN = 200;

/** The newest events at the moment that the page shows, oldest first; null before they are known. */
export function useShownEvents(): readonly Event[] | null {
  const live = useHeld(useEvents((s) => s.events));
  const replayed = useReplay((s) => s.sequence);
  const past = useQuery(
    EventHistory,
    replayed === null ? null : { last: SHOWN, before: String(BigInt(replayed) + 1n), filter: null },
  );
  return replayed === null ? live : (past.data?.events.nodes ?? null);
}
