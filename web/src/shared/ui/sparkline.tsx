import { memo } from "react";
import { rate } from "@/shared/figures/format";

const WIDTH = 64;
const HEIGHT = 18;
const PAD = 2;

type Values = readonly (number | null)[];

/** One `M…L…` run for each unbroken stretch; from zero up to `most`. */
export function sparkPath(values: Values, most: number): string {
  const step = WIDTH / Math.max(values.length - 1, 1);
  const top = Math.max(most, 1e-9);
  let pen = "M";
  const parts: string[] = [];
  values.forEach((value, index) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const y = HEIGHT - PAD - (value / top) * (HEIGHT - 2 * PAD);
    parts.push(`${pen}${(index * step).toFixed(1)} ${y.toFixed(1)}`);
    pen = "L";
  });
  return parts.join("");
}

/** Decoration beside the figure that it belongs to, so hidden from assistive technology. */
export const Sparkline = memo(function Sparkline({ values, most }: { values: Values; most: number }) {
  const last = values.findLastIndex((value) => value !== null);
  const path = sparkPath(values, most);
  const end = last >= 0 ? sparkPath(values.slice(last, last + 1), most).replace(/^M\S+ /, "") : null;
  const peak = values.reduce<number>((top, value) => Math.max(top, value ?? 0), 0);
  return (
    <svg
      aria-hidden="true"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      className="block shrink-0 overflow-visible"
    >
      {values.length > 0 && <title>{`At most ${rate(peak)} calls/s`}</title>}
      <line x1="0" x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} className="stroke-border" />
      <path d={path} fill="none" className="stroke-series-1" strokeWidth="1.25" />
      {end !== null && (
        <circle
          cx={(last * WIDTH) / Math.max(values.length - 1, 1)}
          cy={end}
          r="1.5"
          className="fill-series-1"
        />
      )}
    </svg>
  );
});
