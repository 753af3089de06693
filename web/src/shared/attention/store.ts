import { create } from "zustand";
import type { Live } from "@/shared/graphql/live";
import { throttle } from "@/shared/live/throttle";
import { type GroupOf, GroupsPulse, type InNeed, ServicesInNeed } from "./documents";

interface AttentionStore {
  /** Services that need somebody. */
  services: readonly InNeed[];
  /** The first of the groups that nobody owns, and how many there are. */
  ownerless: { groups: readonly GroupOf[]; total: number };
  /** All groups there are; null before it is known. */
  groups: number | null;
}

const nothing: AttentionStore = { services: [], ownerless: { groups: [], total: 0 }, groups: null };

export const useAttention = create<AttentionStore>(() => nothing);

const PAINT_MS = 250;

let services = new Map<string, InNeed>();
let groups = new Map<string, GroupOf>();
let totals = { groups: null as number | null, ownerless: 0 };

const paint = throttle(() => {
  useAttention.setState({
    services: [...services.values()],
    ownerless: {
      groups: [...groups.values()].filter(({ instance }) => instance === null),
      total: totals.ownerless,
    },
    groups: totals.groups,
  });
}, PAINT_MS);

export function startAttention(live: Live): () => void {
  // The connection itself says when it does not hold.
  const onError = (): void => {};
  const ends = [
    live.subscribe({
      document: ServicesInNeed,
      variables: () => ({}),
      onError,
      onData: ({ serviceChanges: update }) => {
        if (update.__typename === "ServiceSnapshot") services = new Map();
        else for (const name of update.removed) services.delete(name);
        const rows = update.__typename === "ServiceSnapshot" ? update.services : update.changed;
        for (const row of rows) services.set(row.name, row);
        paint();
      },
    }),
    live.subscribe({
      document: GroupsPulse,
      variables: () => ({}),
      onError,
      onData: ({ leaderChanges: update }) => {
        if (update.__typename === "LeaderSnapshot") groups = new Map();
        else for (const id of update.removed) groups.delete(id);
        const rows = update.__typename === "LeaderSnapshot" ? update.leaders : update.changed;
        for (const row of rows) groups.set(row.id, row);
        totals = { groups: Number(update.totalCount), ownerless: Number(update.ownerless) };
        paint();
      },
    }),
  ];
  return () => {
    for (const end of ends) end();
    paint.cancel();
    services = new Map();
    groups = new Map();
    totals = { groups: null, ownerless: 0 };
    useAttention.setState(nothing);
  };
}
