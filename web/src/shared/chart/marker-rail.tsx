import { useNavigate } from "react-router";
import { cn } from "@/shared/lib/utils";
import type { Window } from "@/shared/time/range";
import { eventPath, useKeeping } from "@/shared/url/links";
import { useCrosshair } from "./crosshair";
import { mergeMarkers } from "./merge-markers";
import type { Marker } from "./model";

interface Props {
  markers: readonly Marker[];
  leftOf: (at: number) => number;
  span: Window;
}

/** What happened, above the plot; several at one place are a number. A click opens the event. */
export function MarkerRail({ markers, leftOf, span }: Props) {
  const navigate = useNavigate();
  const keeping = useKeeping();
  const lit = useCrosshair((s) => s.sequence);
  const inside = markers.filter(({ at }) => at >= span.from && at <= span.to);
  return (
    <div className="relative h-3.5 overflow-hidden">
      {mergeMarkers(inside, leftOf).map(({ left, markers: here }) => {
        const [first] = here;
        if (!first) return null;
        const text = here.map((marker) => marker.text).join("\n");
        return (
          <button
            key={String(first.sequence)}
            type="button"
            tabIndex={-1}
            aria-label={here.length === 1 ? first.text : `${here.length} events`}
            title={text}
            className={cn(
              "absolute top-0 h-3.5 -translate-x-1/2 cursor-pointer px-0.5 text-axis text-muted-foreground leading-3.5 hover:text-foreground",
              here.some(({ sequence }) => sequence === lit) && "bg-selected text-foreground",
            )}
            style={{ left }}
            onPointerEnter={() => useCrosshair.setState({ sequence: first.sequence })}
            onPointerLeave={() => useCrosshair.setState({ sequence: null })}
            onClick={() => void navigate(keeping(eventPath(first.sequence)))}
          >
            {here.length === 1 ? first.glyph : here.length}
          </button>
        );
      })}
    </div>
  );
}
