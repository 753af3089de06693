import type { Event, EventFilter } from "@/shared/events/documents";
import { kinds } from "@/shared/events/kinds";
import type { Window } from "@/shared/time/range";
import { lines, sequence, someOf, text, type Values } from "@/shared/url/codec";

/** What of the events screen stands in the address; the span of time stands there for the whole page. */
export const eventsShape = {
  q: text,
  kind: someOf(kinds),
  type: lines,
  service: text,
  actor: text,
  aggregate: text,
  correlation: text,
  causation: text,
  "not.kind": someOf(kinds),
  "not.type": lines,
  "not.service": lines,
  "not.actor": lines,
  event: sequence,
  /** The list begins here, and not at the newest event. */
  top: sequence,
};

export type EventsView = Values<typeof eventsShape>;

/** All that filters, so that changing it begins the list anew. */
export const filterKeys = [
  "q",
  "kind",
  "type",
  "service",
  "actor",
  "aggregate",
  "correlation",
  "causation",
  "not.kind",
  "not.type",
  "not.service",
  "not.actor",
] as const;

export type FilterKey = (typeof filterKeys)[number];
export type Filter = Pick<EventsView, FilterKey>;

export const noFilter: Filter = {
  q: "",
  kind: [],
  type: [],
  service: "",
  actor: "",
  aggregate: "",
  correlation: "",
  causation: "",
  "not.kind": [],
  "not.type": [],
  "not.service": [],
  "not.actor": [],
};

export const isFiltered = (view: Filter): boolean => filterKeys.some((key) => view[key].length > 0);

/** As the server takes it; `span` where the list is limited to a time. */
export function toServer(view: Filter, span: Window | null): EventFilter {
  const not = {
    ...(view["not.kind"].length > 0 && { kinds: [...view["not.kind"]] }),
    ...(view["not.type"].length > 0 && { types: [...view["not.type"]] }),
    ...(view["not.service"].length > 0 && { services: [...view["not.service"]] }),
    ...(view["not.actor"].length > 0 && { actors: [...view["not.actor"]] }),
  };
  return {
    ...(view.kind.length > 0 && { kinds: [...view.kind] }),
    ...(view.type.length > 0 && { types: [...view.type] }),
    ...(view.service !== "" && { service: view.service }),
    ...(view.actor !== "" && { actor: view.actor }),
    ...(view.aggregate !== "" && { aggregate: view.aggregate }),
    ...(view.correlation !== "" && { correlationId: view.correlation }),
    ...(view.causation !== "" && { causationId: view.causation }),
    ...(Object.keys(not).length > 0 && { not }),
    ...(view.q !== "" && { text: view.q }),
    ...(span && { from: new Date(span.from).toISOString(), to: new Date(span.to).toISOString() }),
  };
}

const among = <T>(list: readonly T[], value: T): boolean => list.length === 0 || list.includes(value);

/** The same rule as the server's filter, for events that arrive live. */
export function matches(event: Event, view: Filter): boolean {
  const { kind, type, service, actor, aggregate, correlationId, causationId, summary } = event;
  const included =
    among(view.kind, kind) &&
    among(view.type, type) &&
    (view.service === "" || service === view.service) &&
    (view.actor === "" || actor === view.actor) &&
    (view.aggregate === "" || aggregate === view.aggregate) &&
    (view.correlation === "" || correlationId === view.correlation) &&
    (view.causation === "" || causationId === view.causation);
  const excluded =
    view["not.kind"].includes(kind) ||
    view["not.type"].includes(type) ||
    (service !== null && view["not.service"].includes(service)) ||
    view["not.actor"].includes(actor);
  if (!included || excluded) return false;
  const needle = view.q.toLowerCase();
  return needle === "" || [summary, type, aggregate].some((hay) => hay.toLowerCase().includes(needle));
}
