import type { Event } from "@/shared/events/documents";
import { order } from "@/shared/graphql/exact";

export interface Link {
  event: Event;
  /** How far from the first cause. */
  depth: number;
}

/** What led to the event, and what it led to, causes before effects. Of events that belong together. */
export function chainOf(event: Event, related: readonly Event[]): Link[] {
  const all = [...new Map([...related, event].map((each) => [each.id, each])).values()];
  const byId = new Map(all.map((each) => [each.id, each]));
  let root = event;
  const seen = new Set([root.id]);
  for (;;) {
    const cause = root.causationId === null ? undefined : byId.get(root.causationId);
    if (!cause || seen.has(cause.id)) break;
    seen.add(cause.id);
    root = cause;
  }
  const links: Link[] = [];
  const walk = (from: Event, depth: number): void => {
    if (links.some((link) => link.event.id === from.id)) return;
    links.push({ event: from, depth });
    const effects = all.filter((each) => each.causationId === from.id);
    for (const effect of effects.sort((a, b) => order(a.sequence, b.sequence))) walk(effect, depth + 1);
  };
  walk(root, 0);
  return links;
}
