import type { Event } from "@/shared/events/documents";
import { kinds } from "@/shared/events/kinds";
import { serverNow } from "@/shared/time/clock";
import { momentOf } from "@/shared/time/range";
import { type Codec, lines, sequence, someOf, text, type Values } from "@/shared/url/codec";

/** A moment of the address, in epoch milliseconds, to the second: `now` is that of the first look. */
const moment: Codec<number | null> = {
  fallback: null,
  parse: (raw) => (raw === "now" ? null : momentOf(raw, Math.floor(serverNow() / 60_000) * 60_000)),
  format: (value) => (value === null ? "" : new Date(value).toISOString()),
};

/** What of the events screen stands in the address. */
export const eventsShape = {
  q: text,
  kind: someOf(kinds),
  service: text,
  event: sequence,
  /** Types, services and actors that are left out. */
  "not.type": lines,
  "not.service": lines,
  "not.actor": lines,
  from: moment,
  to: moment,
};

export type EventsView = Values<typeof eventsShape>;

export const excluded = ["not.type", "not.service", "not.actor"] as const;
export type Excluded = (typeof excluded)[number];

export const noFilter: Partial<EventsView> = {
  q: "",
  kind: [],
  service: "",
  from: null,
  to: null,
  "not.type": [],
  "not.service": [],
  "not.actor": [],
};

export const isFiltered = (view: EventsView): boolean =>
  view.q !== "" ||
  view.kind.length > 0 ||
  view.service !== "" ||
  view.from !== null ||
  view.to !== null ||
  excluded.some((key) => view[key].length > 0);

/** The same rule as the server's filter, for events that arrive live. */
export function matches(event: Event, view: Omit<EventsView, "event">): boolean {
  const at = Date.parse(event.time);
  if ((view.from !== null && at < view.from) || (view.to !== null && at >= view.to)) return false;
  if (view.kind.length > 0 && !view.kind.includes(event.kind)) return false;
  if (view.service !== "" && event.service !== view.service) return false;
  if (view["not.type"].includes(event.type) || view["not.actor"].includes(event.actor)) return false;
  if (event.service !== null && view["not.service"].includes(event.service)) return false;
  if (view.q === "") return true;
  const needle = view.q.toLowerCase();
  return [event.summary, event.type, event.aggregate].some((hay) => hay.toLowerCase().includes(needle));
}
