import type { Truth } from "@/shared/freshness/freshness";
import { shownState } from "@/shared/status/shown";
import { words } from "@/shared/status/status";
import { formatAge, formatSpan } from "@/shared/time/duration";
import { formatSecond } from "@/shared/time/format";
import type { Window } from "@/shared/time/range";
import { useZone } from "@/shared/time/zone";
import type { Item, Lane } from "./lanes";
import { gapWords } from "./say";
import type { Scale } from "./scale";

export const LABEL_PX = 176;
const TERM_PX = 20;
const CAUSE_PX = 16;
const LANE_PX = 22;
const GAP_PX = 4;
const ERRORS_PX = 26;
const AXIS_PX = 24;
/** From this width on a bar bears its term and its length. */
const LABELLED_PX = 48;
/** A gap is never thinner, however short it was. */
const THIN_PX = 3;
const TOP = TERM_PX + CAUSE_PX;

interface Props {
  lanes: readonly Lane[];
  items: readonly Item[];
  scale: Scale;
  width: number;
  span: Window;
  truth: Truth;
  errors: readonly { at: number; percent: number | null }[];
  active: Item | null;
  onOpen: (item: Item) => void;
}

export function TimelineDrawing(props: Props) {
  const { lanes, items, scale, width, span, truth, active, onOpen } = props;
  const lanesHeight = lanes.length * (LANE_PX + GAP_PX);
  const bottom = TOP + lanesHeight;
  const height = bottom + ERRORS_PX + AXIS_PX;
  const rows = new Map(lanes.map(({ instance }, index) => [instance, TOP + index * (LANE_PX + GAP_PX)]));
  return (
    <svg width={width} height={height} className="block" aria-hidden="true">
      <defs>
        <pattern
          id="no-owner"
          width="6"
          height="6"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(-45)"
        >
          <rect width="6" height="6" className="fill-bad-soft" />
          <rect width="2" height="6" className="fill-bad" />
        </pattern>
      </defs>
      <text x={8} y={14} className="fill-muted-foreground text-axis">
        term
      </text>
      {lanes.map((lane) => (
        <LaneRow
          key={lane.instance}
          lane={lane}
          y={rows.get(lane.instance) ?? TOP}
          scale={scale}
          span={span}
          truth={truth}
        />
      ))}
      <Folds scale={scale} top={TOP} bottom={bottom} />
      {items.map((item) =>
        item.kind === "term" ? (
          <Bar
            key={`term ${item.term.term}`}
            item={item}
            y={rows.get(item.term.owner) ?? TOP}
            scale={scale}
            span={span}
            lit={item === active}
            onOpen={onOpen}
          />
        ) : (
          <NoOwner
            key={`${item.kind} ${item.from} ${item.to}`}
            item={item}
            scale={scale}
            bottom={bottom}
            span={span}
            lit={item === active}
            onOpen={onOpen}
          />
        ),
      )}
      <Causes items={items} scale={scale} right={width - 8} />
      <Errors {...props} top={bottom} />
      <Axis scale={scale} y={bottom + ERRORS_PX} />
    </svg>
  );
}

const middle = (y: number): number => y + LANE_PX / 2;

function LaneRow({
  lane,
  y,
  scale,
  span,
  truth,
}: {
  lane: Lane;
  y: number;
  scale: Scale;
  span: Window;
  truth: Truth;
}) {
  const { instance, member, terms } = lane;
  const from = member ? Math.max(span.from, Date.parse(member.registeredAt)) : null;
  const state = member ? words[shownState(member, truth, span.to).status] : "Gone";
  // Dots are interrupted where the instance is the owner.
  const stops = from === null ? [] : standbyOf(terms, from, span.to);
  return (
    <>
      <line x1={LABEL_PX} x2={scale.x(span.to)} y1={middle(y)} y2={middle(y)} className="stroke-border" />
      <text x={8} y={middle(y) + 4} className="fill-foreground font-medium text-xs">
        {short(instance)}
      </text>
      <text x={LABEL_PX - 8} y={middle(y) + 4} textAnchor="end" className="fill-muted-foreground text-axis">
        {state}
      </text>
      {stops.map(([begin, end]) => (
        <line
          key={begin}
          x1={scale.x(begin)}
          x2={scale.x(end)}
          y1={middle(y)}
          y2={middle(y)}
          strokeWidth="2"
          strokeDasharray="2 4"
          className="stroke-input"
        />
      ))}
    </>
  );
}

const short = (name: string): string => (name.length > 18 ? `${name.slice(0, 9)}…${name.slice(-8)}` : name);

function standbyOf(terms: Lane["terms"], from: number, to: number): [number, number][] {
  const runs: [number, number][] = [];
  let at = from;
  for (const term of terms) {
    if (term.from > at) runs.push([at, Math.min(term.from, to)]);
    at = Math.max(at, term.to ?? to);
  }
  if (at < to) runs.push([at, to]);
  return runs.filter(([begin, end]) => end > begin);
}

interface PartProps<K extends Item["kind"]> {
  item: Extract<Item, { kind: K }>;
  scale: Scale;
  span: Window;
  lit: boolean;
  onOpen: (item: Item) => void;
}

function Bar({ item, y, scale, span, lit, onOpen }: PartProps<"term"> & { y: number }) {
  const { term } = item;
  const left = scale.x(Math.max(span.from, item.from));
  const right = scale.x(Math.min(span.to, item.to));
  const wide = Math.max(2, right - left - 1);
  const live = term.to === null;
  const label = `${term.term} · ${formatSpan(item.to - item.from)}`;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for pointers; keys go through the group around the drawing
    <g
      className="cursor-pointer"
      data-testid="timeline-term"
      data-term={String(term.term)}
      onClick={() => onOpen(item)}
    >
      <title>{`Term ${term.term}: ${term.owner}`}</title>
      <text x={left} y={14} className="fill-foreground text-axis">
        {wide > 16 ? String(term.term) : ""}
      </text>
      <rect
        x={left + 1}
        y={y + 1}
        width={wide}
        height={LANE_PX - 2}
        rx="2"
        className="fill-lead-fill stroke-primary"
        strokeWidth={lit ? 2 : 0}
      />
      {wide >= LABELLED_PX && (
        <text x={left + 7} y={middle(y) + 4} className="fill-on-lead text-axis">
          ♛ {wide >= 90 ? label : String(term.term)}
        </text>
      )}
      {term.asked && (
        <text x={right} y={y} textAnchor="middle" className="fill-drain text-axis">
          ▼
        </text>
      )}
      {item.term.to !== null && term.lost && (
        <text x={right - 3} y={middle(y) + 4} textAnchor="end" className="fill-on-lead text-axis">
          {wide > 14 ? "✕" : ""}
        </text>
      )}
      {live && (
        <text x={right - 2} y={middle(y) + 4} textAnchor="end" className="fill-on-lead text-axis">
          ▶
        </text>
      )}
    </g>
  );
}

function NoOwner({ item, scale, span, bottom, lit, onOpen }: PartProps<"gap" | "open"> & { bottom: number }) {
  const left = scale.x(Math.max(span.from, item.from));
  const right = scale.x(Math.min(span.to, item.to));
  const measured = item.kind === "open" || item.gap.measuredMs !== null;
  const planned = item.kind === "gap" && item.gap.cause !== "OWNER_LOST";
  const none = planned && (item.gap.measuredMs ?? 0) === 0;
  const wide = Math.max(THIN_PX, right - left);
  const title = item.kind === "open" ? "No owner" : gapWords(item.gap);
  const common = {
    x: right - wide,
    y: TOP - 2,
    width: wide,
    height: bottom - TOP + 2,
    strokeWidth: lit ? 2 : measured ? 0 : 1,
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for pointers; keys go through the group around the drawing
    <g
      className="cursor-pointer"
      data-testid="timeline-gap"
      data-cause={item.kind === "open" ? "open" : item.gap.cause}
      data-ms={item.kind === "open" ? "" : String(item.gap.measuredMs)}
      onClick={() => onOpen(item)}
    >
      <title>{title}</title>
      {none || planned ? (
        <line
          x1={right}
          x2={right}
          y1={TOP - 2}
          y2={bottom}
          strokeWidth={lit ? 3 : 2}
          className="stroke-drain"
        />
      ) : measured ? (
        <rect {...common} fill="url(#no-owner)" className="stroke-primary" />
      ) : (
        <rect {...common} fill="none" strokeDasharray="4 3" className="stroke-bad" />
      )}
      {!planned && right - left < THIN_PX && (
        <path d={`M${right - 5} ${TOP - 8}h8l-4 5z`} className="fill-bad" />
      )}
    </g>
  );
}

/** What each gap was, above the lanes; one that would lie over another is left out, the table below has all. */
function Causes({ items, scale, right }: { items: readonly Item[]; scale: Scale; right: number }) {
  let end = LABEL_PX;
  return (
    <>
      {items.map((item) => {
        if (item.kind === "term") return null;
        const text =
          item.kind === "open" ? `no owner for ${formatAge(item.to - item.from)}` : gapWords(item.gap);
        const wide = text.length * 5.8;
        const x = Math.min(right - wide, Math.max(LABEL_PX, scale.x(item.to) - wide / 2));
        if (x < end) return null;
        end = x + wide + 12;
        const planned = item.kind === "gap" && item.gap.cause !== "OWNER_LOST";
        return (
          <text
            key={`${item.kind} ${item.to}`}
            x={x}
            y={TERM_PX + 11}
            className={planned ? "fill-drain text-axis" : "fill-bad font-medium text-axis"}
          >
            {text}
          </text>
        );
      })}
    </>
  );
}

function Folds({ scale, top, bottom }: { scale: Scale; top: number; bottom: number }) {
  return (
    <>
      {scale.pieces
        .filter((piece) => piece.folded)
        .map(({ from, to, left, right }) => {
          const zigzag = Array.from(
            { length: Math.ceil((bottom - top) / 8) },
            (_, index) =>
              `${index === 0 ? "M" : "L"}${(left + right) / 2 + (index % 2 === 0 ? -3 : 3)} ${top + index * 8}`,
          ).join("");
          return (
            <g key={from}>
              <rect x={left} y={top} width={right - left} height={bottom - top} className="fill-muted" />
              <path d={zigzag} fill="none" className="stroke-input" />
              <text
                x={(left + right) / 2}
                y={bottom + ERRORS_PX - 6}
                textAnchor="middle"
                className="fill-muted-foreground text-axis"
              >
                {formatAge(to - from)} quiet
              </text>
            </g>
          );
        })}
    </>
  );
}

/** The errors of the service under the lanes, on the same axis. */
function Errors({ errors, scale, top }: Props & { top: number }) {
  const most = Math.max(1, ...errors.map(({ percent }) => percent ?? 0));
  const base = top + ERRORS_PX - 4;
  let pen = "M";
  const path = errors
    .map(({ at, percent }) => {
      const piece = scale.pieces.find(({ from, to }) => at >= from && at <= to);
      if (percent === null || !piece || piece.folded) {
        pen = "M";
        return "";
      }
      const y = base - (percent / most) * (ERRORS_PX - 10);
      const part = `${pen}${scale.x(at).toFixed(1)} ${y.toFixed(1)}`;
      pen = "L";
      return part;
    })
    .join("");
  return (
    <>
      <text x={8} y={base} className="fill-muted-foreground text-axis">
        errors %, at most {most.toFixed(most < 10 ? 1 : 0)}
      </text>
      <path d={path} fill="none" strokeWidth="1.5" className="stroke-bad" />
    </>
  );
}

const TICK_PX = 96;

function Axis({ scale, y }: { scale: Scale; y: number }) {
  const zone = useZone((s) => s.zone);
  const ticks = scale.pieces
    .filter((piece) => !piece.folded)
    .flatMap(({ from, to, left, right }) => {
      const n = Math.max(1, Math.floor((right - left) / TICK_PX));
      return Array.from({ length: n }, (_, index) => from + ((index + 0.5) * (to - from)) / n);
    });
  return (
    <>
      <line x1={LABEL_PX} x2={scale.x(Number.POSITIVE_INFINITY)} y1={y} y2={y} className="stroke-input" />
      {ticks.map((at) => (
        <g key={at}>
          <line x1={scale.x(at)} x2={scale.x(at)} y1={y} y2={y + 4} className="stroke-input" />
          <text x={scale.x(at)} y={y + 16} textAnchor="middle" className="fill-muted-foreground text-axis">
            {formatSecond(at, zone)}
          </text>
        </g>
      ))}
    </>
  );
}
