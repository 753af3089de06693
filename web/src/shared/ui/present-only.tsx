import { Clock } from "lucide-react";
import { useMoment } from "@/shared/url/moment";

/** Where a screen is told by no log: it shows the present, whatever moment the page shows. */
export function PresentOnly() {
  if (useMoment() === null) return null;
  return (
    <span className="inline-flex items-center gap-1.5 font-medium text-warn">
      <Clock aria-hidden="true" className="size-3.5" /> Of now: no log keeps the past of this
    </span>
  );
}
