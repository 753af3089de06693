import { TriangleAlert } from "lucide-react";
import { NONE } from "@/shared/figures/format";

/** Below that, a little more delay would have lost the groups. */
const LOW_PERCENT = 25;

/** What was left of a lease at worst in the last minute: `61 % of 1 s`. */
export function LeaseShare({ percent, of }: { percent: number | null; of?: string | undefined }) {
  if (percent === null) return <span className="text-muted-foreground">{NONE}</span>;
  const text = `${percent} %${of === undefined ? "" : ` of ${of}`}`;
  if (percent >= LOW_PERCENT) return <span className="whitespace-nowrap">{text}</span>;
  return (
    <span className="inline-flex items-center gap-1 whitespace-nowrap font-medium text-warn">
      <TriangleAlert aria-hidden="true" className="size-3.5" />
      {text}, low
    </span>
  );
}
