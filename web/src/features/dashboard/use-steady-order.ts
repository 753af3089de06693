import { useMemo, useRef } from "react";
import { useNow } from "@/shared/time/clock";
import type { Instance } from "./documents";
import { comparator, isLiveSort, type SeriesOf } from "./select";
import type { DashboardView } from "./view-state";

const HOLD_MS = 5_000;

/**
 * The chosen order, without rows leaping under the pointer: an order by figures that change with each beat
 * is worked out anew every five seconds, or when the choice or the set of rows changes.
 */
export function useSteadyOrder(
  filtered: readonly Instance[],
  view: DashboardView,
  series: SeriesOf,
): readonly Instance[] {
  const held = useRef<{ key: string; places: Map<string, number> }>({ key: "", places: new Map() });
  const live = isLiveSort(view.sort);
  const now = useNow();
  const period = live ? Math.floor(now / HOLD_MS) : 0;
  return useMemo(() => {
    const key = `${view.sort} ${view.reverse} ${period} ${filtered.length}`;
    const { places } = held.current;
    const known = live && held.current.key === key && filtered.every((i) => places.has(i.id));
    if (known) return [...filtered].sort((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0));
    const sorted = [...filtered].sort(comparator(view.sort, view.reverse, series));
    held.current = { key, places: new Map(sorted.map((each, place) => [each.id, place])) };
    return sorted;
  }, [filtered, view.sort, view.reverse, series, live, period]);
}
