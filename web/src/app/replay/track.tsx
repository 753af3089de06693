import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useMemo, useRef, useState } from "react";
import { mergeMarkers } from "@/shared/chart/merge-markers";
import type { Marker } from "@/shared/chart/model";
import { typeWords } from "@/shared/events/kinds";
import { count } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { Density, OldestEvent } from "@/shared/replay/documents";
import { formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { useFlags } from "./flags";
import { glyphOf, isBad } from "./marks";

const BAR_PX = 6;
const DENSITY = 22;
const TRACK = 14;
const AXIS = 13;

interface Props {
  /** Where the log ends for the track: fixed, so that nothing moves while it is looked at. */
  to: number;
  /** When the event that the page stands at was recorded; null before it is known. */
  time: number | null;
  at: number | null;
  head: number;
  /** What is told of the place to who cannot see it. */
  text: string;
  onDrag: (time: number) => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

/** How much was recorded when, what is of note, and where the page stands; dragging goes there. */
export function Track({ to, time, at, head, text, onDrag, onKeyDown }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [held, setHeld] = useState<number | null>(null);
  const zone = useZone((s) => s.zone);
  const { a, b } = useFlags();
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const oldest = useQuery(OldestEvent, {}).data?.events.nodes[0] ?? null;
  const points = Math.max(10, Math.min(300, Math.floor(width / BAR_PX)));
  const range = oldest && width > 0 ? { from: oldest.recordedAt, to: new Date(to).toISOString() } : null;
  const { data } = useQuery(Density, range && { filter: range, points });
  const from = oldest === null ? to : Date.parse(oldest.recordedAt);
  const span = Math.max(1, to - from);
  const x = (moment: number): number => Math.max(0, Math.min(width, ((moment - from) / span) * width));
  const buckets = data?.eventDensity.buckets;
  const bars = useMemo(() => {
    const most = Math.max(1, ...(buckets ?? []).map((bucket) => Number(bucket.count)));
    return (buckets ?? []).map((bucket) => ({
      at: Date.parse(bucket.at),
      n: Number(bucket.count),
      height: Math.max(2, Math.round(Math.sqrt(Number(bucket.count) / most) * DENSITY)),
      bad: bucket.types.some(({ type }) => isBad(type)),
    }));
  }, [buckets]);
  const marks = useMemo(
    () =>
      (buckets ?? []).flatMap(({ at: begin, types }): Marker[] =>
        types.flatMap(({ type, count: n }) => {
          const glyph = glyphOf(type);
          const words = `${count(n)} × ${typeWords(type).toLowerCase()}`;
          return glyph === null ? [] : [{ at: Date.parse(begin), glyph, text: words, sequence: 0 }];
        }),
      ),
    [buckets],
  );
  const momentAt = (event: PointerEvent): number => {
    const left = event.clientX - (box.current?.getBoundingClientRect().left ?? 0);
    return from + Math.max(0, Math.min(1, left / Math.max(1, width))) * span;
  };
  const drag = (event: PointerEvent): void => {
    const moment = momentAt(event);
    setHeld(moment);
    onDrag(moment);
  };
  const place = held ?? time;
  const flags = [
    { name: "A", flag: a },
    { name: "B", flag: b },
  ];
  return (
    <div
      ref={box}
      role="slider"
      tabIndex={0}
      aria-label="Moment of the log"
      aria-valuemin={1}
      aria-valuemax={Math.max(1, head)}
      aria-valuenow={at ?? 1}
      aria-valuetext={text}
      title="Drag, or ← → event by event, , and . from marker to marker"
      className="relative min-w-0 flex-1 cursor-pointer touch-none select-none outline-offset-2"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag(event);
      }}
      onPointerMove={(event) => {
        if (held !== null) drag(event);
      }}
      onPointerUp={() => setHeld(null)}
      onPointerCancel={() => setHeld(null)}
      onKeyDown={onKeyDown}
    >
      <svg width={width} height={DENSITY + TRACK + AXIS} aria-hidden="true" className="block">
        {bars.map((bar) => (
          <rect
            key={bar.at}
            x={x(bar.at)}
            y={DENSITY - bar.height}
            width={BAR_PX - 1}
            height={bar.height}
            className={bar.bad ? "fill-bad" : "fill-muted-foreground"}
          >
            <title>{`${formatSecond(bar.at, zone, to)}: ${count(bar.n)}`}</title>
          </rect>
        ))}
        <line x1={0} x2={width} y1={DENSITY + TRACK / 2} y2={DENSITY + TRACK / 2} className="stroke-input" />
        {mergeMarkers(marks, x).map(({ left, markers }) => (
          <text
            key={left}
            x={left}
            y={DENSITY + TRACK - 3}
            className="fill-foreground stroke-card text-axis"
            strokeWidth={4}
            paintOrder="stroke"
          >
            {markers.length === 1 ? markers[0]?.glyph : markers.length}
            <title>{markers.map((marker) => marker.text).join("\n")}</title>
          </text>
        ))}
        {flags.map(
          ({ name, flag }) =>
            flag && (
              <g key={name}>
                <line
                  x1={x(flag.time)}
                  x2={x(flag.time)}
                  y1={0}
                  y2={DENSITY + TRACK}
                  strokeDasharray="3 2"
                  className="stroke-foreground"
                />
                <text x={x(flag.time) + 2} y={9} className="fill-foreground font-semibold text-axis">
                  {name}
                </text>
              </g>
            ),
        )}
        {place !== null && (
          <>
            <line
              x1={x(place)}
              x2={x(place)}
              y1={0}
              y2={DENSITY + TRACK}
              strokeWidth="2"
              className="stroke-primary"
            />
            <circle cx={x(place)} cy={DENSITY + TRACK / 2} r={5} className="fill-primary" />
          </>
        )}
        <text x={0} y={DENSITY + TRACK + 10} className="fill-muted-foreground text-axis">
          {formatSecond(from, zone, to)}
          {oldest !== null && oldest.sequence > 1 && ` · not kept before seq ${count(oldest.sequence)}`}
        </text>
        <text x={width} y={DENSITY + TRACK + 10} textAnchor="end" className="fill-muted-foreground text-axis">
          now
        </text>
      </svg>
    </div>
  );
}
