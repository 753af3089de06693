import { create } from "zustand";
import { readStored, writeStored } from "@/shared/lib/stored";
import { z } from "@/shared/lib/zod";
import { useSession } from "@/shared/session/store";
import { serverNow } from "@/shared/time/clock";

const KEY = "aegis.acknowledged";
/** So many are remembered: those that are over are of no use. */
const KEPT = 200;

/** Who has seen what, and when. */
export interface Acknowledgement {
  /** Key of the item with the moment since which it stands: the same trouble later is another one. */
  mark: string;
  by: string;
  /** Epoch milliseconds. */
  at: number;
}

const stored = z.array(z.object({ mark: z.string(), by: z.string(), at: z.number() }));

function read(): readonly Acknowledgement[] {
  try {
    return stored.parse(JSON.parse(readStored(KEY)));
  } catch {
    return [];
  }
}

interface Acknowledged {
  all: readonly Acknowledgement[];
  toggle: (mark: string) => void;
}

/** What whoever sits here has seen. It stays in this browser. */
export const useAcknowledged = create<Acknowledged>((set, get) => ({
  all: read(),
  toggle: (mark) => {
    const { all } = get();
    const others = all.filter((each) => each.mark !== mark);
    const by = useSession.getState().viewer?.name ?? "nobody";
    const next =
      others.length < all.length ? others : [...others, { mark, by, at: serverNow() }].slice(-KEPT);
    writeStored(KEY, JSON.stringify(next));
    set({ all: next });
  },
}));

export const markOf = ({ key, since }: { key: string; since: number | null }): string =>
  `${key} @${since ?? 0}`;
