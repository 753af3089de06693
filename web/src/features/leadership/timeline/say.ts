import { plural } from "@/shared/figures/format";
import { formatAge, formatSpan } from "@/shared/time/duration";
import { formatClock, type Zone } from "@/shared/time/format";
import { causeWords, type Gap, gapSpan, heldSpan } from "../terms";
import { hadNoOwner, type Item, isPlanned } from "./lanes";

/** How long nobody owned it, and why: `at most 1.01 s no owner · owner lost`. */
export function gapWords(gap: Gap): string {
  const cause = gap.by === null ? causeWords[gap.cause] : `stepped down by ${gap.by}`;
  if (!hadNoOwner(gap) && (gap.measuredMs ?? 0) === 0) return `⇄ handover, ${cause}, no gap`;
  if (gap.measuredMs === null) return `gap not measured · ${cause}`;
  return hadNoOwner(gap)
    ? `${gapSpan(gap.measuredMs)} no owner · ${cause}`
    : `⇄ handover, ${cause}, ${formatSpan(gap.measuredMs)}`;
}

/** A bar or a gap in a sentence. */
export function itemWords(item: Item, zone: Zone): string {
  switch (item.kind) {
    case "term": {
      const { term, owner, from, to } = item.term;
      const held = to === null ? "still owner" : `for ${heldSpan(item.term, to)}`;
      return `Term ${term}: ${owner} from ${formatClock(from, zone)}, ${held}`;
    }
    case "gap":
      return `${gapWords(item.gap)}, until ${formatClock(item.to, zone)}${item.gap.reason ? `: ${item.gap.reason}` : ""}`;
    case "open":
      return `No owner for ${formatAge(item.to - item.from)} · ${item.open.lost ? "owner lost" : "resigned"}`;
  }
}

/** All of a span in one sentence. */
export function summaryOf(items: readonly Item[]): string {
  const of = (matches: (item: Item) => boolean): number => items.filter(matches).length;
  const losses = of((item) => item.kind === "gap" && !isPlanned(item));
  const parts = [
    plural(
      of(({ kind }) => kind === "term"),
      "term",
    ),
    plural(losses, "loss", "losses"),
    plural(of(isPlanned), "handover"),
  ];
  const text = `${parts.join(", ")} in this time`;
  return of(({ kind }) => kind === "open") > 0 ? `${text}; no owner now` : text;
}
