import { ScrollText } from "lucide-react";
import { useNavigate } from "react-router";
import { cn } from "@/shared/lib/utils";
import type { Window } from "@/shared/time/range";
import { eventPath, useKeeping } from "@/shared/url/links";
import { useCrosshair } from "./crosshair";
import { halfOf, type MarkerGroup, mergeMarkers } from "./merge-markers";
import type { Marker } from "./model";

interface Props {
  markers: readonly Marker[];
  leftOf: (at: number) => number;
  span: Window;
  /** How wide the rail is, so that no mark hangs over its ends. */
  width: number;
  /** Where several events that lie close together are listed. */
  listOf: (from: number, to: number) => string;
}

/** What happened, above the plot; several close together are one mark that counts them. */
export function MarkerRail({ markers, leftOf, span, width, listOf }: Props) {
  const inside = markers.filter(({ at }) => at >= span.from && at <= span.to);
  return (
    <div className="relative h-3.5 overflow-hidden">
      {mergeMarkers(inside, leftOf).map((group) => (
        <Mark key={String(group.markers[0]?.sequence)} group={group} width={width} listOf={listOf} />
      ))}
    </div>
  );
}

function Mark({
  group: { left, markers },
  width,
  listOf,
}: Pick<Props, "width" | "listOf"> & { group: MarkerGroup }) {
  const navigate = useNavigate();
  const keeping = useKeeping();
  const lit = useCrosshair((s) => s.sequence);
  const [first] = markers;
  const last = markers.at(-1);
  if (!first || !last) return null;
  const many = markers.length > 1;
  const half = halfOf(markers.length);
  const words = many ? `${markers.length} events close together` : first.text;
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-label={words}
      title={many ? `${words}:\n${markers.map(({ text }) => text).join("\n")}` : words}
      className={cn(
        "absolute top-0 flex h-3.5 -translate-x-1/2 cursor-pointer items-center justify-center gap-0.5 px-0.5 text-axis text-muted-foreground leading-3.5 hover:text-foreground",
        many && "rounded-full border border-input px-1 leading-3",
        markers.some(({ sequence }) => sequence === lit) && "bg-selected text-foreground",
      )}
      style={{ left: Math.min(width - half, Math.max(half, left)) }}
      onPointerEnter={() => useCrosshair.setState({ sequence: first.sequence })}
      onPointerLeave={() => useCrosshair.setState({ sequence: null })}
      onClick={() => void navigate(many ? listOf(first.at, last.at) : keeping(eventPath(first.sequence)))}
    >
      {many && <ScrollText aria-hidden="true" className="size-2.5" />}
      {many ? markers.length : first.glyph}
    </button>
  );
}
