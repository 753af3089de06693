import { useRef } from "react";
import { useNow } from "@/shared/time/clock";
import type { InstanceRowOf } from "./documents";

/** The figures of a row that the order may go by. */
export type Figures = Pick<InstanceRowOf, "minute" | "metrics">;

/** Figures are renewed so often, and the order with them: order and numbers always agree. */
const EVERY_MS = 5_000;

export interface Steady {
  rows: readonly InstanceRowOf[];
  /** The figures of each row that the order goes by. */
  figures: ReadonlyMap<string, Figures>;
  /** Whether the order of the server is another one by now. */
  changed: boolean;
  apply: () => void;
}

interface Held {
  key: string;
  period: number;
  ids: readonly string[];
  figures: ReadonlyMap<string, Figures>;
}

/**
 * Rows in an order that stands: it is renewed every five seconds, and not while somebody points at the list or has the focus
 * in it. What each row says of state and groups is always the newest.
 */
export function useSteady(rows: readonly InstanceRowOf[], key: string, touched: boolean): Steady {
  const now = useNow();
  const period = Math.floor(now / EVERY_MS);
  const held = useRef<Held | null>(null);
  const take = (): Held => ({
    key,
    period,
    ids: rows.map(({ id }) => id),
    figures: new Map(rows.map(({ id, minute, metrics }) => [id, { minute, metrics }])),
  });
  const before = held.current;
  if (before === null || before.key !== key || (before.period !== period && !touched)) held.current = take();
  const { ids, figures } = held.current ?? take();
  const byId = new Map(rows.map((row) => [row.id, row]));
  const known = new Set(ids);
  const shown = [
    ...ids.map((id) => byId.get(id)).filter((row) => row !== undefined),
    ...rows.filter(({ id }) => !known.has(id)),
  ];
  return {
    rows: shown,
    figures,
    changed: shown.some((row, index) => row.id !== rows[index]?.id),
    apply: () => {
      held.current = null;
    },
  };
}
