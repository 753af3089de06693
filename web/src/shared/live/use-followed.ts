import type { TadaDocumentNode } from "gql.tada";
import { useEffect, useMemo, useRef, useState } from "react";
import type { AppError } from "@/shared/graphql/errors";
import { useLive } from "@/shared/graphql/use-live";
import { usePaused } from "./pause";
import { throttle } from "./throttle";

const PAINT_MS = 250;

export interface Followed<Page> {
  /** As last painted; null before the first message. What stands while another page is being asked for is the former. */
  page: Page | null;
  error: AppError | null;
  /** Whether `page` is of what was asked for last. */
  current: boolean;
}

/**
 * Follows one page of a list, painted at most four times a second, and not at all while the page is paused; null follows
 * nothing. `apply` makes the page after a message out of the one before it.
 */
export function useFollowed<Data, Vars extends object, Page>(
  document: TadaDocumentNode<Data, Vars>,
  query: Vars | null,
  apply: (before: Page | null, data: Data) => Page | null,
): Followed<Page> {
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
    // Before there is anything to paint it would only hold up the first page.
    if (!paused && latest.current.page) paint();
  }, [paused, paint]);
  useLive(document, query, {
    onData: (data) => {
      const before = latest.current.key === key ? latest.current.page : null;
      latest.current = { key, page: apply(before, data) };
      setError(null);
      paint();
    },
    onError: (refused) => setError({ key, error: refused }),
  });
  return {
    page: painted?.page ?? null,
    error: error?.key === key ? error.error : null,
    current: painted?.key === key,
  };
}
