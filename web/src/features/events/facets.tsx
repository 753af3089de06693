import { ChevronDown, ListX } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import type { AggregateKind } from "@/shared/events/documents";
import { kindLook, kinds, typeWords } from "@/shared/events/kinds";
import { count } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import type { Window } from "@/shared/time/range";
import { countsOf } from "./density";
import { Density } from "./documents";
import { excluding, including } from "./value-filters";
import { type Filter, toServer } from "./view-state";

interface Props {
  view: Filter;
  /** The time of the page, in which events are counted. */
  window: Window;
  onFilter: (change: Partial<Filter>) => void;
}

/** `aegis.leadership.leader_elected.v1` -> `LEADERSHIP`. */
const kindOf = (type: string): string => (type.split(".")[1] ?? "").toUpperCase();

const without = (list: readonly string[], value: string): string[] => list.filter((each) => each !== value);

/** Which kinds and types there are, how many of each, and which are shown. */
export function Facets({ view, window, onFilter }: Props) {
  const chosen = view.kind.length + view.type.length + view["not.kind"].length + view["not.type"].length;
  return (
    <Popover>
      <PopoverTrigger asChild>
        <Button variant="outline" className="font-normal">
          Kind, type
          {chosen > 0 && <span className="rounded-full bg-selected px-1.5 font-medium">{chosen}</span>}
          <ChevronDown aria-hidden="true" />
        </Button>
      </PopoverTrigger>
      <PopoverContent aria-label="Kinds and types" className="max-h-[70vh] w-80">
        <Choices view={view} window={window} onFilter={onFilter} />
      </PopoverContent>
    </Popover>
  );
}

/** What is chosen by kind and type is left out of the counts: they say what there is to choose from. */
const unchosen: Partial<Filter> = { kind: [], type: [], "not.kind": [], "not.type": [] };

function Choices({ view, window, onFilter }: Props) {
  const filter = toServer({ ...view, ...unchosen }, window);
  const { data } = useQuery(Density, { filter, points: 1 });
  const counts = data ? countsOf(data.eventDensity.buckets) : null;
  const types = [...(counts?.keys() ?? [])].sort();
  const known = [...new Set([...types, ...view.type, ...view["not.type"]])].sort();
  const ofKind = (kind: AggregateKind): number =>
    types.filter((type) => kindOf(type) === kind).reduce((sum, type) => sum + (counts?.get(type) ?? 0), 0);
  return (
    <>
      {kinds.map((kind) => (
        <section key={kind} aria-label={kindLook[kind].word} className="mb-1">
          <Facet
            label={kindLook[kind].word}
            strong
            n={counts ? ofKind(kind) : null}
            on={view.kind.includes(kind)}
            off={view["not.kind"].includes(kind)}
            onOn={() =>
              onFilter(
                view.kind.includes(kind)
                  ? { kind: without(view.kind, kind) as AggregateKind[] }
                  : including(view, "kind", kind),
              )
            }
            onOff={() =>
              onFilter(
                view["not.kind"].includes(kind)
                  ? { "not.kind": without(view["not.kind"], kind) as AggregateKind[] }
                  : excluding(view, "kind", kind),
              )
            }
          />
          {known
            .filter((type) => kindOf(type) === kind)
            .map((type) => (
              <Facet
                key={type}
                label={typeWords(type)}
                n={counts ? (counts.get(type) ?? 0) : null}
                on={view.type.includes(type)}
                off={view["not.type"].includes(type)}
                onOn={() =>
                  onFilter(
                    view.type.includes(type)
                      ? { type: without(view.type, type) }
                      : including(view, "type", type),
                  )
                }
                onOff={() =>
                  onFilter(
                    view["not.type"].includes(type)
                      ? { "not.type": without(view["not.type"], type) }
                      : excluding(view, "type", type),
                  )
                }
              />
            ))}
        </section>
      ))}
    </>
  );
}

interface FacetProps {
  label: string;
  strong?: boolean;
  n: number | null;
  on: boolean;
  off: boolean;
  onOn: () => void;
  onOff: () => void;
}

function Facet({ label, strong = false, n, on, off, onOn, onOff }: FacetProps) {
  return (
    <div className={cn("flex h-7 items-center gap-1 rounded-sm hover:bg-accent", !strong && "pl-4")}>
      <label className="flex min-w-0 flex-1 cursor-pointer items-center gap-2 px-1">
        <input type="checkbox" checked={on} onChange={onOn} />
        <span className={cn("truncate", strong && "font-semibold", off && "line-through")}>{label}</span>
      </label>
      <span className={cn("text-xs", n === 0 && "text-muted-foreground")}>{count(n)}</span>
      <button
        type="button"
        aria-pressed={off}
        aria-label={`Without ${label}`}
        title={`Without ${label}`}
        className="flex size-6 cursor-pointer items-center justify-center rounded-sm hover:bg-selected aria-pressed:bg-selected"
        onClick={onOff}
      >
        <ListX aria-hidden="true" className="size-3.5" />
      </button>
    </div>
  );
}
