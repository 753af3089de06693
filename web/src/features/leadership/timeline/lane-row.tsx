import type { Truth } from "@/shared/freshness/freshness";
import { type ShownState, shownState } from "@/shared/status/shown";
import { words } from "@/shared/status/status";
import type { Window } from "@/shared/time/range";
import { LABEL_PX, LANE_PX, middleOf } from "./geometry";
import type { Lane } from "./lanes";
import type { Scale } from "./scale";

interface Props {
  lane: Lane;
  y: number;
  scale: Scale;
  span: Window;
  truth: Truth;
  /** When it was unhealthy. */
  unwell: readonly Window[];
  /** When it lost a lease just now. */
  leaseLostAt: number | undefined;
}

/** A member: its name and state, and dots as long as it was registered and did not own the group. */
export function LaneRow({ lane, y, scale, span, truth, unwell, leaseLostAt }: Props) {
  const { instance, member, terms } = lane;
  const from = member ? Math.max(span.from, Date.parse(member.registeredAt)) : null;
  const state = member ? stateOf(shownState({ ...member, leaseLostAt }, truth, span.to)) : "Gone";
  return (
    <>
      <line x1={LABEL_PX} x2={scale.x(span.to)} y1={middleOf(y)} y2={middleOf(y)} className="stroke-border" />
      <text x={8} y={middleOf(y) + 4} className="fill-foreground font-medium text-xs">
        <title>{instance}</title>
        {short(instance)}
      </text>
      {/* Not drawn: whoever copies the text gets two words. */ " "}
      <text x={LABEL_PX - 8} y={middleOf(y) + 4} textAnchor="end" className="fill-muted-foreground text-axis">
        {state}
      </text>
      {from !== null &&
        standbyOf(terms, { from, to: span.to }).map((run) => (
          <line
            key={run.from}
            x1={scale.x(run.from)}
            x2={scale.x(run.to)}
            y1={middleOf(y)}
            y2={middleOf(y)}
            strokeWidth="2"
            strokeDasharray="2 4"
            className="stroke-input"
          />
        ))}
      {unwell
        .filter((run) => run.to >= span.from && run.from <= span.to)
        .map((run) => (
          <line
            key={run.from}
            data-testid="timeline-unhealthy"
            x1={scale.x(Math.max(span.from, run.from))}
            x2={Math.max(scale.x(Math.max(span.from, run.from)) + 3, scale.x(Math.min(span.to, run.to)))}
            y1={y + LANE_PX}
            y2={y + LANE_PX}
            strokeWidth="3"
            className="stroke-warn"
          />
        ))}
    </>
  );
}

const stateOf = ({ status, leaseLostMs }: ShownState): string =>
  leaseLostMs === null ? words[status] : "Lease lost";

const short = (name: string): string => (name.length > 18 ? `${name.slice(0, 9)}…${name.slice(-8)}` : name);

/** The times within which somebody else owned the group, or nobody. */
export function standbyOf(terms: Lane["terms"], { from, to }: Window): Window[] {
  const runs: Window[] = [];
  let at = from;
  for (const term of terms) {
    if (term.from > at) runs.push({ from: at, to: Math.min(term.from, to) });
    at = Math.max(at, term.to ?? to);
  }
  if (at < to) runs.push({ from: at, to });
  return runs.filter((run) => run.to > run.from);
}
