import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { useWidth } from "@/shared/ui/use-width";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "@/shared/theme/theme";
import type { Window } from "@/shared/time/range";
import { useZone } from "@/shared/time/zone";
import { readColors } from "./colors";
import { nearest, pin, pointAt, useCrosshair } from "./crosshair";
import { MarkerRail } from "./marker-rail";
import type { ChartSpec, Marker, Times } from "./model";
import { AXIS_WIDTH, optionsOf, PAD_RIGHT } from "./options";

interface Props {
  spec: ChartSpec;
  times: Times;
  span: Window;
  markers: readonly Marker[];
  log: boolean;
  onZoom: (from: number, to: number) => void;
  onBack: () => void;
  /** Where the events of a time are listed. */
  listOf: (from: number, to: number) => string;
}

const HEIGHT = 134;

/** The canvas with its rail. It is drawn anew with each theme, and follows the crosshair of the page. */
export function Plot({ spec, times, span, markers, log, onZoom, onBack, listOf }: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot | null>(null);
  const palette = useTheme((s) => s.palette);
  const zone = useZone((s) => s.zone);
  const acts = useRef({ onZoom });
  acts.current = { onZoom };

  useEffect(() => {
    const element = box.current;
    if (!element || width < 80) return;
    const data = [times.seconds, ...spec.lines.map(({ values }) => values)] as unknown as uPlot.AlignedData;
    const options = optionsOf({
      spec,
      heard: times.heard,
      colors: readColors(),
      zone,
      width,
      height: HEIGHT,
      from: span.from / 1_000,
      to: span.to / 1_000,
      markers,
      log,
      onPoint: (index) => {
        if (element.matches(":hover")) pointAt(index === null ? null : (times.seconds[index] ?? null));
      },
      onZoom: (from, to) => acts.current.onZoom(from, to),
    });
    const made = new uPlot(options, data, element);
    plot.current = made;
    show(made, useCrosshair.getState().at);
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [spec, times, span, markers, log, width, zone, palette]);

  useEffect(() => useCrosshair.subscribe(({ at }) => plot.current && show(plot.current, at)), []);

  const scale = (at: number): number =>
    AXIS_WIDTH + ((at - span.from) / (span.to - span.from)) * (width - AXIS_WIDTH - PAD_RIGHT);
  return (
    <>
      <MarkerRail markers={markers} leftOf={scale} span={span} width={width} listOf={listOf} />
      <div
        ref={box}
        className="h-[134px] min-w-0"
        onPointerLeave={() => pointAt(null)}
        onDoubleClick={onBack}
        onClick={() => pin(useCrosshair.getState().at)}
        aria-hidden="true"
      />
    </>
  );
}

function show(plot: uPlot, at: number | null): void {
  const seconds = plot.data[0];
  if (at === null || seconds.length === 0) {
    plot.setCursor({ left: -10, top: -10 }, false);
    return;
  }
  const index = nearest(seconds as number[], at);
  plot.setCursor({ left: plot.valToPos(seconds[index] ?? 0, "x"), top: 10 }, false);
}
