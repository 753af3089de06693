import type uPlot from "uplot";
import { formatSecond, type Zone } from "@/shared/time/format";
import { type Colors, faint } from "./colors";
import { gapsOf, loneOf } from "./gaps";
import type { ChartSpec, Marker } from "./model";

const FONT = '11px "Inter Variable", "Inter Fallback", sans-serif';
export const AXIS_WIDTH = 54;
export const PAD_RIGHT = 22;
/** Half of the label of a moment. */
const LABEL_ROOM_PX = 26;
/** A longer unit stands in the title alone. */
const UNIT_LETTERS = 2;
const HEADROOM = 1.08;
/** How high a line of text on a chart is. */
const LABEL_PX = 14;
const MINUTE = 60;
const HOUR = 3_600;
/** Steps between the moments of the axis, in seconds. */
const STEPS = [
  1,
  2,
  5,
  10,
  15,
  30,
  ...[1, 2, 5, 10, 15, 30].map((each) => each * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((each) => each * HOUR),
];

interface Wanted {
  spec: ChartSpec;
  /** Whether anything came at each moment. */
  heard: readonly boolean[];
  colors: Colors;
  zone: Zone;
  width: number;
  height: number;
  /** Epoch seconds. */
  from: number;
  to: number;
  markers: readonly Marker[];
  /** Whether the axis is logarithmic. */
  log: boolean;
  onPoint: (index: number | null) => void;
  onZoom: (from: number, to: number) => void;
}

export function optionsOf(wanted: Wanted): uPlot.Options {
  const { spec, colors, zone, width, height, from, to, log, onPoint, onZoom } = wanted;
  const axis = { font: FONT, stroke: colors["muted-text"], ticks: { show: false } };
  return {
    width,
    height,
    padding: [8, PAD_RIGHT, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 5 },
    },
    scales: {
      x: { time: true, range: () => [from, to] },
      y: { range: (_plot, least, most) => rangeOf(spec, log, least, most), distr: log ? 3 : 1 },
    },
    axes: [
      {
        ...axis,
        size: 20,
        gap: 2,
        space: 76,
        incrs: STEPS,
        grid: { show: false },
        values: (plot, splits) =>
          splits.map((at) => (hasRoom(plot, at) ? formatSecond(at * 1_000, zone) : "")),
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        gap: 4,
        space: 32,
        grid: { stroke: colors.border, width: 1 },
        values: (_plot, splits) =>
          splits.map((value, index) => tickOf(spec, value, index === splits.length - 1)),
      },
    ],
    series: [
      {},
      ...spec.lines.map((line) => ({
        label: line.label,
        stroke: colors[line.color],
        width: line.width,
        ...(line.dash && { dash: [...line.dash] }),
        ...(line.fill !== undefined &&
          line.upTo === undefined && { fill: faint(colors[line.color], line.fill) }),
        spanGaps: false,
        // A line has no length where there is one value between two gaps.
        points: {
          show: true,
          size: Math.max(4, line.width + 2),
          fill: colors[line.color],
          filter: () => (line.label === "" ? [] : loneOf(line.values)),
        },
      })),
    ],
    bands: bandsOf(spec, colors),
    hooks: {
      drawClear: [(plot) => drawGround(plot, wanted)],
      draw: [(plot) => drawMarkers(plot, wanted)],
      setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide < 4) return;
          onZoom(plot.posToVal(left, "x"), plot.posToVal(left + wide, "x"));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** Whether the label of a moment reaches neither into the other axis nor over the edge. */
function hasRoom(plot: uPlot, at: number): boolean {
  const x = plot.valToPos(at, "x");
  return x >= LABEL_ROOM_PX && x <= plot.bbox.width / devicePixelRatio - (LABEL_ROOM_PX - PAD_RIGHT);
}

function bandsOf({ lines }: ChartSpec, colors: Colors): uPlot.Band[] {
  return lines.flatMap(({ upTo, fill = 0, color }, index): uPlot.Band[] => {
    const upper = lines.findIndex(({ key }) => key === upTo);
    return upper < 0 ? [] : [{ series: [upper + 1, index + 1], fill: faint(colors[color], fill) }];
  });
}

function tickOf({ format, unit }: ChartSpec, value: number | null, top: boolean): string {
  if (value === null) return "";
  const text = format(value);
  // A long latency says its unit itself.
  const bare = top && unit !== "" && unit.length <= UNIT_LETTERS && !/\s\p{L}+$/u.test(text);
  return bare ? `${text} ${unit}` : text;
}

export function rangeOf(
  spec: ChartSpec,
  log: boolean,
  least: number | null,
  most: number | null,
): [number, number] {
  const thresholds = (spec.thresholds ?? []).map(({ value }) => value);
  const high = spec.top ?? Math.max((most ?? 0) * HEADROOM, ...thresholds, 0);
  const low = spec.bottom?.(least ?? high) ?? 0;
  if (log) return [Math.max(0.1, Math.min(least ?? 0.1, 1)), Math.max(1, high)];
  return [low, high > low ? high : low + 1];
}

function drawGround(plot: uPlot, { spec, colors, heard }: Wanted): void {
  const { ctx, bbox } = plot;
  const seconds = plot.data[0];
  ctx.save();
  for (const { first, last } of gapsOf(heard)) {
    const left = plot.valToPos(seconds[Math.max(0, first - 1)] ?? 0, "x", true);
    const right = plot.valToPos(seconds[Math.min(seconds.length - 1, last + 1)] ?? 0, "x", true);
    ctx.fillStyle = colors.head;
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    const label = "no beats";
    ctx.font = scaled(FONT);
    if (ctx.measureText(label).width + 8 > right - left) continue;
    ctx.fillStyle = colors["muted-text"];
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(label, (left + right) / 2, bbox.top + bbox.height / 2);
  }
  for (const { value, label, color } of spec.thresholds ?? []) {
    const y = plot.valToPos(value, "y", true);
    ctx.strokeStyle = colors[color];
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = scaled(FONT);
    ctx.fillStyle = colors[color];
    ctx.textAlign = "right";
    // Above the line, where there is room.
    const above = y - bbox.top > LABEL_PX * devicePixelRatio;
    ctx.textBaseline = above ? "bottom" : "top";
    ctx.fillText(label, bbox.left + bbox.width, above ? y - 1 : y + 2 * devicePixelRatio);
  }
  ctx.restore();
}

function drawMarkers(plot: uPlot, { colors, markers, from, to }: Wanted): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = faint(colors["muted-text"], 0.6);
  ctx.lineWidth = devicePixelRatio;
  for (const { at } of markers) {
    if (at < from * 1_000 || at > to * 1_000) continue;
    const x = Math.round(plot.valToPos(at / 1_000, "x", true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

const scaled = (font: string): string => font.replace("11px", `${11 * devicePixelRatio}px`);
