import { useEffect, useMemo, useRef, useState } from "react";
import type { VariablesOf } from "@/gql";
import type { AppError } from "@/shared/graphql/errors";
import { useLive } from "@/shared/graphql/use-live";
import { usePaused } from "@/shared/live/pause";
import { throttle } from "@/shared/live/throttle";
import { type InstanceUpdate, InstanceWindow } from "./documents";
import { usePast } from "./use-past";
import { applyToPage, type Page } from "./window";

const PAINT_MS = 250;

export type WindowQuery = VariablesOf<typeof InstanceWindow>;

export interface InstanceWindowState {
  /** As last painted; null before the first message. What stands while another window is being asked for is the former. */
  page: Page | null;
  error: AppError | null;
  /** Whether `page` is of the window that was asked for last. */
  current: boolean;
}

/** Follows one window of the list of instances, painted at most four times a second, and not at all while the page is paused. */
export function useInstanceWindow(query: WindowQuery | null): InstanceWindowState {
  const key = JSON.stringify(query);
  const [painted, setPainted] = useState<{ key: string; page: Page } | null>(null);
  const [error, setError] = useState<{ key: string; error: AppError } | null>(null);
  const latest = useRef<{ key: string; page: Page | null }>({ key: "", page: null });
  const paused = usePaused();
  const held = useRef(paused);
  held.current = paused;

  const paint = useMemo(
    () =>
      throttle(() => {
        const { key: of, page } = latest.current;
        if (page) setPainted((now) => (held.current && now?.key === of ? now : { key: of, page }));
      }, PAINT_MS),
    [],
  );
  useEffect(() => paint.cancel, [paint]);
  useEffect(() => {
    if (!paused) paint();
  }, [paused, paint]);

  const past = usePast(query);
  useLive(InstanceWindow, past.is ? null : query, {
    onData: (data) => {
      const before = latest.current.key === key ? latest.current.page : null;
      latest.current = { key, page: applyToPage(before, data.instanceChanges as InstanceUpdate) };
      setError(null);
      paint();
    },
    onError: (refused) => setError({ key, error: refused }),
  });
  if (past.is) return past;
  return {
    page: painted?.page ?? null,
    error: error?.key === key ? error.error : null,
    current: painted?.key === key,
  };
}
