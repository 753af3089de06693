import { NONE, percent } from "@/shared/figures/format";
import { ERRORS_PX } from "./geometry";
import type { Scale } from "./scale";

export interface ErrorAt {
  at: number;
  /** Null where nothing came, so that the line is broken there. */
  percent: number | null;
}

/** The errors of the service under the lanes, on the same axis. */
export function Errors({ errors, scale, top }: { errors: readonly ErrorAt[]; scale: Scale; top: number }) {
  const known = errors.flatMap(({ percent: each }) => (each === null ? [] : [each]));
  const highest = known.length === 0 ? null : Math.max(...known);
  const most = Math.max(1, highest ?? 0);
  const base = top + ERRORS_PX - 4;
  return (
    <>
      <text x={8} y={base} className="fill-muted-foreground text-axis">
        errors, highest {highest === null ? NONE : `${percent(highest)} %`}
      </text>
      <path
        d={pathOf(errors, scale, (each) => base - (each / most) * (ERRORS_PX - 10))}
        fill="none"
        strokeWidth="1.5"
        className={highest === null || highest === 0 ? "stroke-muted-foreground" : "stroke-bad"}
      />
    </>
  );
}

function pathOf(errors: readonly ErrorAt[], scale: Scale, y: (percent: number) => number): string {
  let pen = "M";
  return errors
    .map(({ at, percent }) => {
      const piece = scale.pieces.find(({ from, to }) => at >= from && at <= to);
      if (percent === null || !piece || piece.folded) {
        pen = "M";
        return "";
      }
      const part = `${pen}${scale.x(at).toFixed(1)} ${y(percent).toFixed(1)}`;
      pen = "L";
      return part;
    })
    .join("");
}
