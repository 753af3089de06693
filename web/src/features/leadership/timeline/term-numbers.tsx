import type { Window } from "@/shared/time/range";
import { extentOf, LABEL_PX, LETTER_PX } from "./geometry";
import type { Item } from "./lanes";
import type { Scale } from "./scale";

/** The number of each term over the beginning of its bar; one that would lie over another is left out. */
export function TermNumbers({ items, scale, span }: { items: readonly Item[]; scale: Scale; span: Window }) {
  let end = LABEL_PX - 1;
  return (
    <>
      <text x={8} y={14} className="fill-muted-foreground text-axis">
        term
      </text>
      {items.map((item) => {
        if (item.kind !== "term") return null;
        const text = String(item.term.term);
        const { left } = extentOf(item, scale, span);
        if (left < end) return null;
        end = left + text.length * (LETTER_PX + 1) + 6;
        return (
          <text key={text} x={left} y={14} className="fill-foreground text-axis">
            {text}
          </text>
        );
      })}
    </>
  );
}
