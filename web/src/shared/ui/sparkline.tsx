import { memo } from "react";
import { cn } from "@/shared/lib/utils";

const WIDTH = 64;
const HEIGHT = 18;

/** Points for `<polyline>`, newest at the right edge, from zero up. Exported for its test. */
export function sparkPoints(values: readonly number[], capacity: number): string {
  const top = Math.max(...values, 1e-9);
  const step = WIDTH / Math.max(capacity - 1, 1);
  const left = WIDTH - (values.length - 1) * step;
  return values
    .map((v, i) => `${(left + i * step).toFixed(1)},${(HEIGHT - 1.5 - (v / top) * (HEIGHT - 3)).toFixed(1)}`)
    .join(" ");
}

/** Decoration beside the figure it belongs to, so hidden from assistive technology. */
export const Sparkline = memo(function Sparkline({
  values,
  capacity,
  className,
}: {
  values: readonly number[];
  capacity: number;
  className?: string;
}) {
  return (
    <svg
      aria-hidden="true"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      className={cn("shrink-0", className)}
    >
      <line x1="0" x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} className="stroke-border" strokeWidth="1" />
      {values.length > 1 && (
        <polyline
          points={sparkPoints(values, capacity)}
          fill="none"
          className="stroke-spark"
          strokeWidth="1.25"
        />
      )}
    </svg>
  );
});
