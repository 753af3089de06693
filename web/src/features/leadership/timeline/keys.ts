import type { Item } from "./lanes";

/** The event that an item begins with. */
export function sequenceOf(item: Item): number | bigint {
  if (item.kind === "term") return item.term.sequence;
  return item.kind === "gap" ? item.sequence : item.open.sequence;
}

/** The item to the left or to the right; without one, the last. */
export function nextItem(items: readonly Item[], active: number | null, step: number): number {
  const last = items.length - 1;
  return Math.min(last, Math.max(0, (active ?? last + (step < 0 ? 1 : 0)) + step));
}

/** The term of the next lane that lies nearest in time. */
export function otherLane(
  items: readonly Item[],
  owners: readonly string[],
  active: number | null,
  step: number,
): number | null {
  const now = active === null ? items.at(-1) : items[active];
  if (!now) return active;
  const lane = now.kind === "term" ? owners.indexOf(now.term.owner) : step > 0 ? -1 : owners.length;
  for (let next = lane + step; next >= 0 && next < owners.length; next += step) {
    const own = items
      .map((item, index) => ({ item, index }))
      .filter(({ item }) => item.kind === "term" && item.term.owner === owners[next])
      .sort((a, b) => Math.abs(a.item.from - now.from) - Math.abs(b.item.from - now.from));
    if (own[0]) return own[0].index;
  }
  return active;
}
