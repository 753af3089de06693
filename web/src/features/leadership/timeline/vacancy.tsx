import type { Window } from "@/shared/time/range";
import { extentOf, TOP } from "./geometry";
import type { Item } from "./lanes";
import { gapWords } from "./say";
import type { Scale } from "./scale";

interface Props {
  item: Exclude<Item, { kind: "term" }>;
  scale: Scale;
  span: Window;
  bottom: number;
  lit: boolean;
  onOpen: (item: Item) => void;
}

/** The pattern of a time without owner; it is named once in the drawing. */
export function VacancyPattern() {
  return (
    <defs>
      <pattern
        id="no-owner"
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(-45)"
      >
        <rect width="6" height="6" className="fill-bad-soft" />
        <rect width="2" height="6" className="fill-bad" />
      </pattern>
    </defs>
  );
}

/** Nobody owned the group: over all lanes, as wide as was measured. */
export function Vacancy({ item, scale, span, bottom, lit, onOpen }: Props) {
  const { left, right, wide, thin } = extentOf(item, scale, span);
  const measured = item.kind === "open" || item.gap.measuredMs !== null;
  const place = { x: left, y: TOP - 2, width: wide, height: bottom - TOP + 2 };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for pointers; keys go through the group around the drawing
    <g
      className="cursor-pointer"
      data-testid="timeline-gap"
      data-cause={item.kind === "open" ? "open" : item.gap.cause}
      data-ms={item.kind === "open" ? "" : String(item.gap.measuredMs)}
      onClick={() => onOpen(item)}
    >
      <title>{item.kind === "open" ? "No owner" : gapWords(item.gap)}</title>
      {measured ? (
        <rect {...place} strokeWidth={lit ? 2 : 0} fill="url(#no-owner)" className="stroke-primary" />
      ) : (
        <rect {...place} strokeWidth={lit ? 2 : 1} fill="none" strokeDasharray="4 3" className="stroke-bad" />
      )}
      {thin && <path d={`M${right - 5.5} ${TOP - 6}h8l-4 5z`} className="fill-bad" />}
    </g>
  );
}
