import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { shortType } from "@/shared/events/kinds";
import { count } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { Density, OldestEvent } from "@/shared/replay/documents";
import { useReplay } from "@/shared/replay/store";
import { serverNow } from "@/shared/time/clock";
import { formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";

const BAR_PX = 6;
const HEIGHT = 24;
const MARKED = ["leader_lost", "expired", "self_preservation_entered"];

/** How much was recorded when, from the oldest event to now; a click goes there. */
export function DensityStrip({ onGo }: { onGo: (at: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [to] = useState(serverNow);
  const zone = useZone((s) => s.zone);
  const time = useReplay((s) => s.time);
  useLayoutEffect(() => setWidth(box.current?.clientWidth ?? 0), []);
  const oldest = useQuery(OldestEvent, {}).data?.events.nodes[0]?.recordedAt ?? null;
  const points = Math.max(10, Math.min(300, Math.floor(width / BAR_PX)));
  const filter = oldest === null || width === 0 ? null : { from: oldest, to: new Date(to).toISOString() };
  const { data } = useQuery(Density, filter && { filter, points });
  const from = oldest === null ? to : Date.parse(oldest);
  const span = Math.max(1, to - from);
  const bars = useMemo(() => {
    const buckets = data?.eventDensity.buckets ?? [];
    const most = Math.max(1, ...buckets.map((bucket) => Number(bucket.count)));
    return buckets.map((bucket) => ({
      at: Date.parse(bucket.at),
      n: Number(bucket.count),
      height: Math.max(2, Math.round((Math.sqrt(Number(bucket.count)) / Math.sqrt(most)) * HEIGHT)),
      marked: bucket.types.some(({ type }) => MARKED.includes(shortType(type))),
    }));
  }, [data]);
  const x = (at: number): number => ((at - from) / span) * width;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a shortcut for pointers; keys go through the slider below
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for pointers; keys go through the slider below
    <div
      ref={box}
      className="relative h-10 flex-1 cursor-pointer"
      onClick={(event) => {
        const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
        onGo(new Date(from + (left / Math.max(1, width)) * span).toISOString());
      }}
    >
      <svg width={width} height={HEIGHT + 14} aria-hidden="true" className="block">
        {bars.map(({ at, n, height, marked }) => (
          <rect
            key={at}
            x={x(at)}
            y={HEIGHT - height}
            width={BAR_PX - 1}
            height={height}
            className={marked ? "fill-bad" : "fill-muted-foreground"}
          >
            <title>{`${formatSecond(at, zone, to)}: ${count(n)}`}</title>
          </rect>
        ))}
        {time !== null && (
          <line x1={x(time)} x2={x(time)} y1={0} y2={HEIGHT} strokeWidth="2" className="stroke-primary" />
        )}
        <text x={0} y={HEIGHT + 11} className="fill-muted-foreground text-axis">
          {formatSecond(from, zone, to)}
        </text>
        <text x={width} y={HEIGHT + 11} textAnchor="end" className="fill-muted-foreground text-axis">
          now
        </text>
      </svg>
    </div>
  );
}
