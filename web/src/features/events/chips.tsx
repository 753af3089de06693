import { X } from "lucide-react";
import { formatSecond } from "@/shared/time/format";
import type { Window } from "@/shared/time/range";
import { useZone } from "@/shared/time/zone";
import { chipsOf } from "./value-filters";
import { type Filter, noFilter } from "./view-state";

interface Props {
  view: Filter;
  /** Where the list is limited to a time. */
  span: Window | null;
  onFilter: (change: Partial<Filter>) => void;
  onSpan: (span: null) => void;
}

/** What filters the list, each to be taken away by itself. */
export function Chips({ view, span, onFilter, onSpan }: Props) {
  const zone = useZone((s) => s.zone);
  const chips = chipsOf(view);
  if (chips.length === 0 && span === null) return null;
  return (
    <ul
      aria-label="Filters"
      className="flex h-9 shrink-0 items-center gap-1.5 overflow-x-auto border-border border-b px-4 max-xl:px-3"
    >
      {span && (
        <Chip
          text={`Recorded ${formatSecond(span.from, zone, span.to)} to ${formatSecond(span.to, zone)}`}
          onClear={() => onSpan(null)}
        />
      )}
      {chips.map(({ key, text, not, without }) => (
        <Chip key={key} text={not ? `not ${text}` : text} not={not} onClear={() => onFilter(without)} />
      ))}
      <li className="shrink-0">
        <button
          type="button"
          className="h-6 cursor-pointer px-1 text-muted-foreground text-xs underline"
          onClick={() => {
            onFilter(noFilter);
            onSpan(null);
          }}
        >
          Clear all
        </button>
      </li>
    </ul>
  );
}

function Chip({ text, not = false, onClear }: { text: string; not?: boolean; onClear: () => void }) {
  return (
    <li
      className={`flex h-6 shrink-0 items-center rounded-full border pl-2 text-xs ${not ? "border-bad text-bad" : "border-input"}`}
    >
      {text}
      <button
        type="button"
        aria-label={`Without the filter ${text}`}
        className="flex size-6 cursor-pointer items-center justify-center rounded-full hover:bg-accent"
        onClick={onClear}
      >
        <X aria-hidden="true" className="size-3" />
      </button>
    </li>
  );
}
