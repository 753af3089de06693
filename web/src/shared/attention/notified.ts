import { create } from "zustand";
import { markOf } from "./acknowledged";
import type { ShownItem } from "./use-items";

/** Something that turned bad while this page was open. */
export interface Notified {
  mark: string;
  severity: "bad" | "warn";
  subject: string;
  text: string;
  to: string;
  /** When this page saw it, in epoch milliseconds. */
  at: number;
  /** When it was over; null while it stands. */
  over: number | null;
}

const KEPT = 50;

/** Those that stand, those that came and those that went, newest first; and which of them are new. */
export function notice(
  before: readonly Notified[],
  items: readonly ShownItem[],
  now: number,
): { all: readonly Notified[]; fresh: readonly Notified[] } {
  const open = new Map(
    items.flatMap((item) =>
      item.severity === "healed" || item.acknowledged ? [] : [[markOf(item), item] as const],
    ),
  );
  const known = new Set(before.flatMap(({ mark, over }) => (over === null ? [mark] : [])));
  const fresh = [...open].flatMap(([mark, { severity, subject, text, to }]): Notified[] =>
    known.has(mark) || severity === "healed"
      ? []
      : [{ mark, severity, subject, text, to, at: now, over: null }],
  );
  const ended = before.some(({ mark, over }) => over === null && !open.has(mark));
  if (fresh.length === 0 && !ended) return { all: before, fresh };
  const kept = before.map((each) =>
    each.over === null && !open.has(each.mark) ? { ...each, over: now } : each,
  );
  return { all: [...fresh, ...kept].slice(0, KEPT), fresh };
}

export const useNotified = create<{ all: readonly Notified[] }>(() => ({ all: [] }));
