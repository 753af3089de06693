import type { AppError } from "@/shared/graphql/errors";
import { patiently } from "@/shared/graphql/patience";

/** A page of a list, and where the next one begins; null after the last one. */
export type ReadPage<Row> =
  | { rows: readonly Row[]; next: string | null; error?: never }
  | { error: AppError };

/** Told while a list is read: how much is read, and whether to go on. */
export interface Reading {
  onRead: (count: number) => void;
  signal: AbortSignal;
}

/**
 * A list from its beginning to its end, page by page. Half of what matches is not all of it: after an error nothing is
 * answered but that, and after a stop nothing at all.
 */
export async function loadAll<Row>(
  ask: (after: string | null) => Promise<ReadPage<Row>>,
  { onRead, signal }: Reading,
): Promise<readonly Row[] | AppError | null> {
  const all: Row[] = [];
  let after: string | null = null;
  do {
    const at: string | null = after;
    const page: ReadPage<Row> = await patiently(
      () => ask(at),
      ({ error }) => error ?? null,
      signal,
    );
    if (signal.aborted) return null;
    if (page.error) return page.error;
    all.push(...page.rows);
    onRead(all.length);
    after = page.next;
  } while (after !== null);
  return all;
}

export const isList = <Row>(told: readonly Row[] | AppError | null): told is readonly Row[] =>
  Array.isArray(told);
