import { LANE_PX, middleOf } from "./geometry";
import type { Item } from "./lanes";
import { gapWords } from "./say";

/** How far it leans, so that it is no edge of a bar. */
const LEAN_PX = 8;

interface Props {
  item: Extract<Item, { kind: "gap" }>;
  x: number;
  /** The lanes of the owners before and after; null for one that has none. */
  from: number | null;
  to: number | null;
  lit: boolean;
  onOpen: (item: Item) => void;
}

/** A planned change of owner: a stroke from the one to the other. */
export function Handover({ item, x, from, to, lit, onOpen }: Props) {
  const after = to ?? from;
  if (after === null) return null;
  const before = from ?? after;
  const down = after >= before;
  const begin = before === after ? before : down ? before + LANE_PX : before;
  const end = before === after ? after + LANE_PX : down ? middleOf(after) : middleOf(after);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for pointers; keys go through the group around the drawing
    <g
      className="cursor-pointer"
      data-testid="timeline-gap"
      data-cause={item.gap.cause}
      data-ms={String(item.gap.measuredMs)}
      onClick={() => onOpen(item)}
    >
      <title>{gapWords(item.gap)}</title>
      <line
        x1={x - LEAN_PX}
        x2={x}
        y1={begin}
        y2={end}
        strokeWidth={lit ? 4 : 2}
        strokeLinecap="round"
        className="stroke-drain"
      />
      <line
        x1={x - LEAN_PX / 2}
        x2={x - LEAN_PX / 2}
        y1={begin}
        y2={end}
        strokeWidth="12"
        stroke="transparent"
      />
    </g>
  );
}
