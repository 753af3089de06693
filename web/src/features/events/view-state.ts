import { flag, sequence, someOf, text, type Values } from "@/shared/url/codec";
import type { Event } from "./documents";
import { kinds } from "./kinds";

/** What of the events screen stands in the address. */
export const eventsShape = {
  q: text,
  kind: someOf(kinds),
  service: text,
  age: flag,
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
