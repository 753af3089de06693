import { cn } from "@/shared/lib/utils";
import type { ChartSpec, Line } from "./model";

interface Props {
  spec: ChartSpec;
  /** Of the moment at the crosshair; null where none is pointed at. */
  index: number | null;
}

/** What each line is, drawn as it is in the plot, with its value at the crosshair. */
export function Legend({ spec: { lines, format }, index }: Props) {
  return (
    <span className="ml-auto flex min-w-0 gap-2 overflow-hidden @max-[25rem]:order-last @max-[25rem]:ml-0 @max-[25rem]:basis-full @max-[25rem]:pb-0.5">
      {lines
        .filter(({ label }) => label !== "")
        .map((line) => (
          <span key={line.key} className="flex shrink-0 items-center gap-1 text-xs">
            <Swatch line={line} />
            <span className="text-muted-foreground">{line.label}</span>
            <span className="min-w-5 text-right font-medium">{format(valueAt(line, index))}</span>
          </span>
        ))}
    </span>
  );
}

/** At the crosshair, or the last one there is. */
function valueAt({ values }: Line, index: number | null): number | null {
  if (index !== null) return values[index] ?? null;
  return values.findLast((value) => value !== null) ?? null;
}

const strokes: Record<string, string> = {
  "series-1": "stroke-series-1",
  "series-2": "stroke-series-2",
  "series-3": "stroke-series-3",
  "series-4": "stroke-series-4",
  "series-5": "stroke-series-5",
  bad: "stroke-bad",
  "muted-text": "stroke-muted-foreground",
};

const WIDE = 14;

/** A piece of the line: by colour and by dash. */
function Swatch({ line: { color, width, dash } }: { line: Line }) {
  return (
    <svg aria-hidden="true" width={WIDE} height="8" className="shrink-0">
      <line
        x1="0"
        x2={WIDE}
        y1="4"
        y2="4"
        strokeWidth={Math.max(1.5, width)}
        strokeDasharray={dash?.join(" ")}
        className={cn(strokes[color])}
      />
    </svg>
  );
}
