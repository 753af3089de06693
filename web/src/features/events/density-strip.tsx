import { type PointerEvent, useRef, useState } from "react";
import { plural } from "@/shared/figures/format";
import { formatSecond } from "@/shared/time/format";
import type { Window } from "@/shared/time/range";
import { useZone } from "@/shared/time/zone";
import { barsOf, spanBetween, spoken } from "./density";
import type { Buckets } from "./documents";

const HEIGHT = 24;

interface Props {
  window: Window;
  density: { buckets: Buckets; partSeconds: number } | null;
  onSpan: (window: Window) => void;
}

/** How the events are spread over the time of the page; dragging over it limits the list to a part. */
export function DensityStrip({ window, density, onSpan }: Props) {
  const zone = useZone((s) => s.zone);
  const frame = useRef<HTMLElement>(null);
  const [drag, setDrag] = useState<{ a: number; b: number } | null>(null);
  const bars = density ? barsOf(density.buckets, density.partSeconds, window) : [];
  const width = density ? (density.partSeconds * 1_000) / (window.to - window.from) : 0;
  const placeOf = (event: PointerEvent): number => {
    const box = frame.current?.getBoundingClientRect();
    return box ? (event.clientX - box.left) / box.width : 0;
  };
  const end = (): void => {
    const span = drag && spanBetween(drag.a, drag.b, window);
    setDrag(null);
    if (span) onSpan(span);
  };
  return (
    <div className="flex h-9 shrink-0 items-center gap-2 border-border border-b px-4 max-xl:px-3">
      <span className="w-16 shrink-0 text-axis text-muted-foreground">
        {formatSecond(window.from, zone, window.to)}
      </span>
      <figure
        ref={frame}
        aria-label={`Events over time: ${spoken(bars)}`}
        title="Drag to limit the list to a part of the time"
        className="relative h-6 min-w-0 flex-1 cursor-crosshair touch-none select-none border-border border-b"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const at = placeOf(event);
          setDrag({ a: at, b: at });
        }}
        onPointerMove={(event) => {
          const at = placeOf(event);
          setDrag((now) => now && { ...now, b: at });
        }}
        onPointerUp={end}
        onPointerCancel={() => setDrag(null)}
      >
        <svg
          aria-hidden="true"
          className="absolute inset-0 size-full"
          viewBox={`0 0 1 ${HEIGHT}`}
          preserveAspectRatio="none"
        >
          {bars.map(({ x, height, count, from }) => (
            <rect
              key={from}
              x={x}
              width={width * 0.8}
              y={HEIGHT - Math.max(2, height * HEIGHT)}
              height={Math.max(2, height * HEIGHT)}
              className="fill-series-1"
            >
              <title>{`${formatSecond(from, zone)}: ${plural(count, "event")}`}</title>
            </rect>
          ))}
        </svg>
        {drag && (
          <span
            aria-hidden="true"
            className="absolute inset-y-0 border-primary border-x bg-primary/20"
            style={{
              left: `${Math.min(drag.a, drag.b) * 100}%`,
              width: `${Math.abs(drag.a - drag.b) * 100}%`,
            }}
          />
        )}
      </figure>
      <span className="w-16 shrink-0 text-right text-axis text-muted-foreground">
        {formatSecond(window.to, zone, window.to)}
      </span>
    </div>
  );
}
