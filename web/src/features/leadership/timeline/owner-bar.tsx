import { formatSpan } from "@/shared/time/duration";
import type { Window } from "@/shared/time/range";
import { extentOf, LANE_PX, middleOf } from "./geometry";
import type { Item } from "./lanes";
import type { Scale } from "./scale";

/** From these widths on a bar bears its term, and its length. */
const TERM_ROOM_PX = 48;
const LENGTH_ROOM_PX = 90;
/** And from this one on the sign of how it ended. */
const SIGN_ROOM_PX = 14;

interface Props {
  item: Extract<Item, { kind: "term" }>;
  y: number;
  scale: Scale;
  span: Window;
  lit: boolean;
  onOpen: (item: Item) => void;
}

/** A term: a bar as long as it was held. One that is too short to be seen is drawn wider, under a caret. */
export function OwnerBar({ item, y, scale, span, lit, onOpen }: Props) {
  const { term } = item;
  const { left, right, wide, thin } = extentOf(item, scale, span);
  const seam = thin ? 0 : 1;
  const held = `${term.term} · ${formatSpan(item.to - item.from)}`;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for pointers; keys go through the group around the drawing
    <g
      className="cursor-pointer"
      data-testid="timeline-term"
      data-term={String(term.term)}
      data-thin={thin}
      onClick={() => onOpen(item)}
    >
      <title>{`Term ${term.term}: ${term.owner}, ${formatSpan(item.to - item.from)}`}</title>
      <rect
        x={left + seam}
        y={y + 1}
        width={wide - 2 * seam}
        height={LANE_PX - 2}
        rx={thin ? 0 : 2}
        className="fill-lead-fill stroke-primary"
        strokeWidth={lit ? 2 : 0}
      />
      {thin && <path d={`M${left - 2.5} ${y - 4}h8l-4 5z`} className="fill-lead" />}
      {wide >= TERM_ROOM_PX && (
        <text x={left + 7} y={middleOf(y) + 4} className="fill-on-lead text-axis">
          ♛ {wide >= LENGTH_ROOM_PX ? held : String(term.term)}
        </text>
      )}
      {wide > SIGN_ROOM_PX && (
        <text x={right - 3} y={middleOf(y) + 4} textAnchor="end" className="fill-on-lead text-axis">
          {signOf(term)}
        </text>
      )}
    </g>
  );
}

/** Whether it goes on, or how it ended. */
function signOf({ to, lost, asked }: Props["item"]["term"]): string {
  if (to === null) return "▶";
  if (lost) return "✕";
  return asked ? "▼" : "";
}
