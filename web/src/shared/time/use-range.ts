import { useCallback, useMemo } from "react";
import { useAddress } from "@/shared/url/use-address";
import { defaultRange, momentOf, type Range } from "./range";

/** The span of time as it stands in the address; what names no moment is ignored. */
export function useRange(): [Range, (range: Range) => void] {
  const [params, setParams] = useAddress();
  const [from, to] = [params.get("from"), params.get("to")];
  const range = useMemo(() => {
    const known = (raw: string | null, fallback: string): string =>
      raw !== null && momentOf(raw, 0) !== null ? raw : fallback;
    return { from: known(from, defaultRange.from), to: known(to, defaultRange.to) };
  }, [from, to]);
  const set = useCallback(
    (next: Range) =>
      setParams((now) => {
        const changed = new URLSearchParams(now);
        for (const key of ["from", "to"] as const) {
          if (next[key] === defaultRange[key]) changed.delete(key);
          else changed.set(key, next[key]);
        }
        return changed;
      }),
    [setParams],
  );
  return [range, set];
}
