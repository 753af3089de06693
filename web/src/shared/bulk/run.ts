import type { AppError } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";

/** What became of one of many: what was done, in words, or why it was not. */
export type Outcome =
  | { kind: "done"; text: string; recorded?: Whole | null }
  | { kind: "failed"; error: AppError };

interface Run<Item> {
  items: readonly Item[];
  /** At most so many a second. */
  perSecond: number;
  act: (item: Item) => Promise<Outcome>;
  onOutcome: (item: Item, outcome: Outcome) => void;
  signal: AbortSignal;
}

/** One after the other, in their order, no faster than told. Ends when the signal says so; what is under way is finished. */
export async function runMany<Item>({ items, perSecond, act, onOutcome, signal }: Run<Item>): Promise<void> {
  const pause = 1_000 / perSecond;
  for (const item of items) {
    if (signal.aborted) return;
    const began = performance.now();
    onOutcome(item, await act(item));
    const left = pause - (performance.now() - began);
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }
}
