import type { Truth } from "@/shared/freshness/freshness";
import type { Window } from "@/shared/time/range";
import { Axis } from "./axis";
import { Causes } from "./causes";
import { type ErrorAt, Errors } from "./errors";
import { Folds } from "./folds";
import { AXIS_PX, ERRORS_PX, extentOf, GAP_PX, LABEL_PX, LANE_PX, rowOf, TOP } from "./geometry";
import { Handover } from "./handover";
import { LaneRow } from "./lane-row";
import { type Item, isPlanned, type Lane } from "./lanes";
import { OwnerBar } from "./owner-bar";
import { Planned, type PlannedAt } from "./planned";
import type { Scale } from "./scale";
import { TermNumbers } from "./term-numbers";
import { Vacancy, VacancyPattern } from "./vacancy";

interface Props {
  lanes: readonly Lane[];
  items: readonly Item[];
  scale: Scale;
  width: number;
  span: Window;
  /** Whether the span ends now. */
  live: boolean;
  truth: Truth;
  errors: readonly ErrorAt[];
  /** When each was unhealthy, by instance. */
  unwell: ReadonlyMap<string, readonly Window[]>;
  /** A switchover to come; null where none is planned. */
  planned: PlannedAt | null;
  /** Who has just lost a lease, by instance. */
  lost: ReadonlyMap<string, number>;
  active: Item | null;
  onOpen: (item: Item) => void;
}

const none: readonly Window[] = [];

/** Lanes, bars and gaps, one over the other: what is short lies on top, so that nothing hides it. */
export function Drawing({
  lanes,
  items,
  scale,
  width,
  span,
  live,
  truth,
  errors,
  unwell,
  lost,
  planned,
  active,
  onOpen,
}: Props) {
  const bottom = TOP + lanes.length * (LANE_PX + GAP_PX);
  const rows = new Map(lanes.map(({ instance }, index) => [instance, rowOf(index)]));
  const common = { scale, span, onOpen };
  const widest = (a: Item, b: Item): number =>
    Number(extentOf(a, scale, span).thin) - Number(extentOf(b, scale, span).thin);
  return (
    <svg width={width} height={bottom + ERRORS_PX + AXIS_PX} className="block" aria-hidden="true">
      <VacancyPattern />
      {lanes.map((lane) => (
        <LaneRow
          key={lane.instance}
          lane={lane}
          y={rows.get(lane.instance) ?? TOP}
          scale={scale}
          span={span}
          truth={truth}
          unwell={unwell.get(lane.instance) ?? none}
          leaseLostAt={lost.get(lane.instance)}
        />
      ))}
      <Folds scale={scale} top={TOP} bottom={bottom} />
      {[...items].sort(widest).map((item) => {
        const lit = item === active;
        if (item.kind === "term") {
          const y = rows.get(item.term.owner) ?? TOP;
          return <OwnerBar key={`term ${item.term.term}`} item={item} y={y} lit={lit} {...common} />;
        }
        const key = `${item.kind} ${item.from} ${item.to}`;
        if (!isPlanned(item)) return <Vacancy key={key} item={item} bottom={bottom} lit={lit} {...common} />;
        const [from, to] = [item.before, item.after].map((owner) => rows.get(owner ?? "") ?? null);
        return (
          <Handover
            key={key}
            item={item}
            x={scale.x(item.to)}
            from={from ?? null}
            to={to ?? null}
            lit={lit}
            onOpen={onOpen}
          />
        );
      })}
      {planned && (
        <Planned
          planned={planned}
          now={span.to}
          x={scale.x(span.to)}
          y={rows.get(planned.to ?? "") ?? null}
          bottom={bottom}
        />
      )}
      <TermNumbers items={items} scale={scale} span={span} />
      <Causes items={items} scale={scale} right={planned ? scale.x(span.to) - 8 : width - 8} />
      <Errors errors={errors} scale={scale} top={bottom} />
      <Axis scale={scale} y={bottom + ERRORS_PX} left={LABEL_PX} right={scale.x(span.to)} live={live} />
    </svg>
  );
}
