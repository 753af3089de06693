import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { type Whole, whole } from "@/shared/graphql/exact";

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
  const [, setParams] = useSearchParams();
  return useCallback(
    (at, options) =>
      setParams(
        (now) => {
          const next = new URLSearchParams(now);
          if (at === null) next.delete("at");
          else next.set("at", at);
          return next;
        },
        { replace: options?.replace ?? false },
      ),
    [setParams],
  );
}
