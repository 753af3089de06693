import { formatAge } from "@/shared/time/duration";
import { ERRORS_PX } from "./geometry";
import type { Scale } from "./scale";

const ZIG_PX = 8;

/** Quiet times that are folded to a fixed width. */
export function Folds({ scale, top, bottom }: { scale: Scale; top: number; bottom: number }) {
  return (
    <>
      {scale.pieces
        .filter((piece) => piece.folded)
        .map(({ from, to, left, right }) => (
          <g key={from} data-testid="timeline-quiet">
            <rect x={left} y={top} width={right - left} height={bottom - top} className="fill-muted" />
            <path d={zigzag((left + right) / 2, top, bottom)} fill="none" className="stroke-input" />
            <text
              x={(left + right) / 2}
              y={bottom + ERRORS_PX - 6}
              textAnchor="middle"
              className="fill-muted-foreground text-axis"
            >
              {formatAge(to - from)} quiet
            </text>
          </g>
        ))}
    </>
  );
}

function zigzag(x: number, top: number, bottom: number): string {
  const points = Array.from({ length: Math.ceil((bottom - top) / ZIG_PX) }, (_, index) => {
    const side = index % 2 === 0 ? -3 : 3;
    return `${x + side} ${top + index * ZIG_PX}`;
  });
  return `M${points.join("L")}`;
}
