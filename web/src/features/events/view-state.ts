import type { Event } from "@/shared/events/documents";
import { kinds } from "@/shared/events/kinds";
import { sequence, someOf, text, type Values } from "@/shared/url/codec";

/** What of the events screen stands in the address. */
export const eventsShape = {
  q: text,
  kind: someOf(kinds),
  service: text,
  event: sequence,
};

export type EventsView = Values<typeof eventsShape>;

/** The same rule as the server's filter, for events that arrive live. */
export function matches(event: Event, view: Pick<EventsView, "q" | "kind" | "service">): boolean {
  if (view.kind.length > 0 && !view.kind.includes(event.kind)) return false;
  if (view.service !== "" && event.service !== view.service) return false;
  if (view.q === "") return true;
  const needle = view.q.toLowerCase();
  return [event.summary, event.type, event.aggregate].some((hay) => hay.toLowerCase().includes(needle));
}
