import { type KeyboardEvent, useId, useState } from "react";
import { useNavigate } from "react-router";
import { Toggle } from "@/components/ui/toggle";
import { useTruth } from "@/shared/freshness/truth";
import type { Window } from "@/shared/time/range";
import { useZone } from "@/shared/time/zone";
import { useWidth } from "@/shared/ui/use-width";
import { flag } from "@/shared/url/codec";
import { eventPath, useKeeping } from "@/shared/url/links";
import { useUrlState } from "@/shared/url/use-url-state";
import type { Member } from "../documents";
import type { Terms } from "../terms";
import { Drawing } from "./drawing";
import type { ErrorAt } from "./errors";
import { LABEL_PX } from "./geometry";
import { nextItem, otherLane, sequenceOf } from "./keys";
import { itemsOf, lanesOf } from "./lanes";
import { PLANNED_PX, type PlannedAt } from "./planned";
import { itemWords, summaryOf } from "./say";
import { scaleOf } from "./scale";

const shape = { true: flag };
const ZOOM_MS = 5_000;

interface Props {
  group: string;
  terms: Terms;
  members: readonly Member[];
  span: Window;
  /** Errors of the service in percent, one for each moment; null where nothing came. */
  errors: readonly ErrorAt[];
  /** Whether the span ends now. */
  live: boolean;
  /** When each member was unhealthy. */
  unwell: ReadonlyMap<string, readonly Window[]>;
  /** Who has just lost a lease. */
  lost: ReadonlyMap<string, number>;
  /** A switchover to come; null where none is planned. */
  planned: PlannedAt | null;
  onZoom: (span: Window) => void;
}

/** Who owned the group when, with the times in which nobody did. */
export function Timeline({
  group,
  terms,
  members,
  span,
  errors,
  live,
  unwell,
  lost,
  planned,
  onZoom,
}: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  const [active, setActive] = useState<number | null>(null);
  const [{ true: trueScale }, set] = useUrlState(shape);
  const truth = useTruth();
  const zone = useZone((s) => s.zone);
  const navigate = useNavigate();
  const keeping = useKeeping();
  const id = useId();
  const { lanes, folded } = lanesOf(group, terms.terms, members, span);
  const items = itemsOf(terms.terms, terms.open, span);
  // A term is quiet once it has begun.
  const changes = items.map(({ kind, from, to }) => ({ from, to: kind === "term" ? from : to }));
  const ahead = live ? planned : null;
  const room = width - LABEL_PX - (ahead ? PLANNED_PX : 12);
  const scale = scaleOf(span, changes, LABEL_PX, Math.max(100, room), !trueScale);
  const chosen = active === null ? null : (items[Math.min(active, items.length - 1)] ?? null);
  const isFolded = scale.pieces.some((piece) => piece.folded);

  const onKey = (event: KeyboardEvent): void => {
    const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const across = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const owners = lanes.map(({ instance }) => instance);
    if (along !== undefined) setActive(nextItem(items, active, along));
    else if (across !== undefined) setActive(otherLane(items, owners, active, across));
    else if (event.key === "Enter" && chosen) void navigate(keeping(eventPath(sequenceOf(chosen))));
    else if ((event.key === "z" || event.key === "Z") && chosen) {
      onZoom({ from: chosen.from - ZOOM_MS, to: Math.min(chosen.to, chosen.from + 60_000) + ZOOM_MS });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div>
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing is no form control, yet arrows go from bar to bar */}
      <div
        ref={box}
        role="group"
        tabIndex={0}
        aria-label={`Owners of ${group} over time: arrows go from bar to bar, Enter opens the event, Z zooms`}
        aria-describedby={id}
        className="min-w-0 overflow-hidden -outline-offset-2"
        onKeyDown={onKey}
        onBlur={() => setActive(null)}
      >
        {width > 0 && (
          <Drawing
            lanes={lanes}
            items={items}
            scale={scale}
            width={width}
            span={span}
            live={live}
            unwell={unwell}
            lost={lost}
            planned={ahead}
            truth={truth}
            errors={errors}
            active={chosen}
            onOpen={(item) => void navigate(keeping(eventPath(sequenceOf(item))))}
          />
        )}
      </div>
      <p className="flex min-h-8 items-center gap-3 px-3 text-muted-foreground text-xs">
        <span id={id} aria-live="polite">
          {chosen ? itemWords(chosen, zone) : summaryOf(items)}
        </span>
        {folded > 0 && <span>· {folded} others, never owner</span>}
        <span className="ml-auto min-w-0 truncate max-lg:hidden">
          dots: standby · stripes: no owner · stroke: handover · ✕ lost · ▼ step-down asked · amber: unhealthy
        </span>
        {(isFolded || trueScale) && (
          <Toggle
            className="h-6 max-lg:ml-auto"
            pressed={trueScale}
            onClick={() => set({ true: !trueScale })}
          >
            True scale
          </Toggle>
        )}
      </p>
    </div>
  );
}
