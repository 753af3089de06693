import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { type Whole, whole } from "@/shared/graphql/exact";
import { useAddress } from "./use-address";

/** The moment of the log that the page shows instead of now. */
export type LogMoment = { sequence: Whole } | { time: string };

/** `s365` or a time; anything else is now. */
export function momentFrom(raw: string | null): LogMoment | null {
  if (raw === null) return null;
  if (/^s\d{1,20}$/.test(raw)) return { sequence: whole(raw.slice(1)) };
  return Number.isNaN(Date.parse(raw)) ? null : { time: raw };
}

export function useMoment(): LogMoment | null {
  const [params] = useSearchParams();
  const raw = params.get("at");
  return useMemo(() => momentFrom(raw), [raw]);
}

/** Goes to a moment, or back to now with null. Stepping replaces, choosing pushes. */
export function useGoTo(): (at: string | null, options?: { replace?: boolean }) => void {
  const [, setParams] = useAddress();
  return useCallback(
    (at, options) =>
      setParams(
        (now) => {
          const next = new URLSearchParams(now);
          if (at === null) {
            next.delete("at");
            next.delete("vs");
          } else next.set("at", at);
          return next;
        },
        { replace: options?.replace ?? false },
      ),
    [setParams],
  );
}

/**
 * The moment that the one on the page is compared with: `null` for now, undefined where nothing is compared; and what
 * sets it, to `now` or a moment, or ends it with null. The page can go to another moment with it.
 */
export function useVersus(): [LogMoment | null | undefined, (vs: string | null, at?: string) => void] {
  const [params, setParams] = useAddress();
  const raw = params.get("vs");
  const versus = useMemo(() => (raw === "now" ? null : (momentFrom(raw) ?? undefined)), [raw]);
  const set = useCallback(
    (vs: string | null, at?: string) =>
      setParams((now) => {
        const next = new URLSearchParams(now);
        if (vs === null) next.delete("vs");
        else next.set("vs", vs);
        if (at !== undefined) next.set("at", at);
        return next;
      }),
    [setParams],
  );
  return [versus, set];
}
