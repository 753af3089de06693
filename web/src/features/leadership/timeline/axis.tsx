import { formatClock, formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import type { Scale } from "./scale";
import { ticksOf } from "./ticks";

/** So much room the word at the end takes. */
const NOW_PX = 56;

interface Props {
  scale: Scale;
  y: number;
  left: number;
  right: number;
  /** Whether the axis ends now. */
  live: boolean;
}

export function Axis({ scale, y, left, right, live }: Props) {
  const zone = useZone((s) => s.zone);
  const end = live ? right - NOW_PX : right;
  const ticks = scale.pieces.filter((piece) => !piece.folded).flatMap(ticksOf);
  return (
    <>
      <line x1={left} x2={right} y1={y} y2={y} className="stroke-input" />
      {ticks
        .map(({ at, fine }) => ({
          at,
          x: scale.x(at),
          text: fine ? formatClock(at, zone) : formatSecond(at, zone),
        }))
        .filter(({ x }) => x <= end)
        .map(({ at, x, text }) => (
          <g key={at}>
            <line x1={x} x2={x} y1={y} y2={y + 4} className="stroke-input" />
            <text x={x} y={y + 16} textAnchor="middle" className="fill-muted-foreground text-axis">
              {text}
            </text>
          </g>
        ))}
      {live && (
        <text x={right} y={y + 16} textAnchor="end" className="fill-foreground font-medium text-axis">
          now
        </text>
      )}
    </>
  );
}
