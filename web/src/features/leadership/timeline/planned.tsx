import { formatAge } from "@/shared/time/duration";
import { LANE_PX, middleOf, TOP } from "./geometry";

/** So much room a planned switchover takes to the right of now. */
export const PLANNED_PX = 72;

export interface PlannedAt {
  /** Epoch milliseconds. */
  at: number;
  /** Who is to have the group; null for whoever is first. */
  to: string | null;
}

interface Props {
  planned: PlannedAt;
  now: number;
  x: number;
  /** The lane of who is to have it; null where there is none. */
  y: number | null;
  bottom: number;
}

/** A switchover to come, beyond the live edge: how far is told in words, not in length. */
export function Planned({ planned: { at, to }, now, x, y, bottom }: Props) {
  const middle = x + PLANNED_PX / 2;
  const mark = y === null ? TOP + LANE_PX / 2 : middleOf(y);
  return (
    <g data-testid="timeline-planned">
      <title>{`Planned switchover to ${to ?? "whoever is first"} in ${formatAge(at - now)}`}</title>
      <line x1={x} x2={x} y1={TOP - 2} y2={bottom} strokeDasharray="2 3" className="stroke-input" />
      <path
        d={`M${middle - 6} ${mark - 5}h12l-6 10z`}
        fill="none"
        strokeWidth="1.5"
        className="stroke-drain"
      />
      <text x={middle} y={TOP - 6} textAnchor="middle" className="fill-drain text-axis">
        in {formatAge(Math.max(0, at - now))}
      </text>
    </g>
  );
}
