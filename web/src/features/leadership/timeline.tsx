import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { Toggle } from "@/components/ui/toggle";
import { useTruth } from "@/shared/freshness/truth";
import type { Window } from "@/shared/time/range";
import { useZone } from "@/shared/time/zone";
import { flag } from "@/shared/url/codec";
import { eventPath, useKeeping } from "@/shared/url/links";
import { useUrlState } from "@/shared/url/use-url-state";
import type { Member } from "./documents";
import { type Item, itemsOf, lanesOf } from "./lanes";
import { itemWords } from "./say";
import { scaleOf } from "./scale";
import type { Terms } from "./terms";
import { LABEL_PX, TimelineDrawing } from "./timeline-drawing";

const shape = { true: flag };
const ZOOM_MS = 5_000;

interface Props {
  group: string;
  terms: Terms;
  members: readonly Member[];
  span: Window;
  /** Errors of the service in percent, one for each moment; null where nothing came. */
  errors: readonly { at: number; percent: number | null }[];
  onZoom: (span: Window) => void;
}

/** Who owned the group when, with the times in which nobody did. */
export function Timeline({ group, terms, members, span, errors, onZoom }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [active, setActive] = useState<number | null>(null);
  const [{ true: trueScale }, set] = useUrlState(shape);
  const truth = useTruth();
  const zone = useZone((s) => s.zone);
  const navigate = useNavigate();
  const keeping = useKeeping();
  const id = useId();
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => setWidth(Math.floor(element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { lanes, folded } = lanesOf(group, terms.terms, members, span);
  const items = itemsOf(terms.terms, terms.open, span);
  const changes = items.filter(({ kind }) => kind !== "term").map(({ from, to }) => ({ from, to }));
  const scale = scaleOf(span, changes, LABEL_PX, Math.max(100, width - LABEL_PX - 12), !trueScale);
  const chosen = active === null ? null : (items[Math.min(active, items.length - 1)] ?? null);
  const isFolded = scale.pieces.some((piece) => piece.folded);

  const onKey = (event: KeyboardEvent): void => {
    const last = items.length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined)
      setActive(Math.min(last, Math.max(0, (active ?? last + (step < 0 ? 1 : 0)) + step)));
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      setActive(
        otherLane(
          items,
          lanes.map(({ instance }) => instance),
          active,
          event.key === "ArrowDown" ? 1 : -1,
        ),
      );
    } else if (event.key === "Enter" && chosen) void navigate(keeping(eventPath(sequenceOf(chosen))));
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
          <TimelineDrawing
            lanes={lanes}
            items={items}
            scale={scale}
            width={width}
            span={span}
            truth={truth}
            errors={errors}
            active={chosen}
            onOpen={(item) => void navigate(keeping(eventPath(sequenceOf(item))))}
          />
        )}
      </div>
      <p className="flex min-h-8 items-center gap-3 px-3 text-muted-foreground text-xs">
        <span id={id} aria-live="polite">
          {chosen ? itemWords(chosen, zone) : summary(items)}
        </span>
        {folded > 0 && <span>· {folded} others, never owner</span>}
        <span className="ml-auto">dots: registered</span>
        {(isFolded || trueScale) && (
          <Toggle className="h-6" pressed={trueScale} onClick={() => set({ true: !trueScale })}>
            True scale
          </Toggle>
        )}
      </p>
    </div>
  );
}

function summary(items: readonly Item[]): string {
  const terms = items.filter(({ kind }) => kind === "term").length;
  const lost = items.filter((item) => item.kind === "gap" && item.gap.cause === "OWNER_LOST").length;
  const open = items.some(({ kind }) => kind === "open");
  const text = `${terms} ${terms === 1 ? "term" : "terms"}, ${lost} ${lost === 1 ? "loss" : "losses"} in this time`;
  return open ? `${text}; no owner now` : text;
}

function sequenceOf(item: Item): number | bigint {
  if (item.kind === "term") return item.term.sequence;
  return item.kind === "gap" ? item.sequence : item.open.sequence;
}

/** The term of the next lane that lies nearest in time. */
function otherLane(
  items: readonly Item[],
  owners: readonly string[],
  active: number | null,
  step: number,
): number | null {
  const now = active === null ? items.at(-1) : items[active];
  if (!now) return active;
  const lane = now.kind === "term" ? owners.indexOf(now.term.owner) : step > 0 ? -1 : owners.length;
  for (let next = lane + step; next >= 0 && next < owners.length; next += step) {
    const own = items
      .map((item, index) => ({ item, index }))
      .filter(({ item }) => item.kind === "term" && item.term.owner === owners[next])
      .sort((a, b) => Math.abs(a.item.from - now.from) - Math.abs(b.item.from - now.from));
    if (own[0]) return own[0].index;
  }
  return active;
}
