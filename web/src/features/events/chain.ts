import type { Event } from "@/shared/events/documents";
import { order } from "@/shared/graphql/exact";

/** An event with what it led to, in order of sequence. */
export interface Link {
  event: Event;
  effects: readonly Link[];
}

export interface Chain {
  /** The first cause that is an event. */
  root: Link;
  /** What caused that one, where it is no event here: a request, or an event that the index has forgotten. */
  origin: string | null;
  /** Whether there may be more than what was read. */
  cut: boolean;
}

/** How events are found by what ties them together. */
export interface Lookup {
  byId: (id: string) => Promise<Event | null>;
  effectsOf: (id: string) => Promise<readonly Event[]>;
}

const CAUSES_MAX = 20;
/** So many events are asked for their effects. */
const ASKED_MAX = 40;
const EVENTS_MAX = 200;

/** The chain that the event stands in: up to its first cause, and down to all effects of that. */
export async function chainAround(event: Event, { byId, effectsOf }: Lookup): Promise<Chain> {
  const found = new Map([[event.id, event]]);
  let first = event;
  let cut = false;
  while (first.causationId !== null) {
    const cause = await byId(first.causationId);
    if (!cause || found.has(cause.id)) break;
    found.set(cause.id, cause);
    first = cause;
    if (found.size > CAUSES_MAX) {
      cut = true;
      break;
    }
  }
  const origin = first.causationId !== null && !found.has(first.causationId) ? first.causationId : null;
  // Its own effects first: they are what is looked for.
  let level: readonly Event[] = [...found.values()];
  for (let asked = 0; level.length > 0; ) {
    if (asked + level.length > ASKED_MAX || found.size > EVENTS_MAX) {
      cut = true;
      break;
    }
    asked += level.length;
    const effects = (await Promise.all(level.map(({ id }) => effectsOf(id)))).flat();
    level = effects.filter(({ id }) => !found.has(id));
    for (const each of level) found.set(each.id, each);
  }
  return { root: linkOf(first, [...found.values()]), origin, cut };
}

function linkOf(event: Event, all: readonly Event[], above: ReadonlySet<string> = new Set()): Link {
  const seen = new Set([...above, event.id]);
  const effects = all.filter(({ id, causationId }) => causationId === event.id && !seen.has(id));
  return {
    event,
    effects: effects.sort((a, b) => order(a.sequence, b.sequence)).map((effect) => linkOf(effect, all, seen)),
  };
}

/** All events of a chain, causes before effects. */
export const eventsOf = ({ event, effects }: Link): readonly Event[] => [event, ...effects.flatMap(eventsOf)];
