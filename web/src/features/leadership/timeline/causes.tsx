import { formatAge } from "@/shared/time/duration";
import { LABEL_PX, LETTER_PX, TERM_PX } from "./geometry";
import { type Item, isPlanned } from "./lanes";
import { gapWords } from "./say";
import type { Scale } from "./scale";

interface Props {
  items: readonly Item[];
  scale: Scale;
  right: number;
}

/** What each gap was, above the lanes; one that would lie over another is left out, the table below has all. */
export function Causes({ items, scale, right }: Props) {
  let end = LABEL_PX;
  return (
    <>
      {items.map((item) => {
        if (item.kind === "term") return null;
        const text =
          item.kind === "open" ? `no owner for ${formatAge(item.to - item.from)}` : gapWords(item.gap);
        const wide = text.length * LETTER_PX;
        const x = Math.min(right - wide, Math.max(LABEL_PX, scale.x(item.to) - wide / 2));
        if (x < end) return null;
        end = x + wide + 12;
        return (
          <text
            key={`${item.kind} ${item.to}`}
            x={x}
            y={TERM_PX + 9}
            className={isPlanned(item) ? "fill-drain text-axis" : "fill-bad font-medium text-axis"}
          >
            {text}
          </text>
        );
      })}
    </>
  );
}
