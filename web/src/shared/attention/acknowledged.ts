import { create } from "zustand";
import { kept } from "@/shared/lib/kept";
import { z } from "@/shared/lib/zod";
import { useSession } from "@/shared/session/store";
import { serverNow } from "@/shared/time/clock";

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

const acknowledgements = z.array(z.object({ mark: z.string(), by: z.string(), at: z.number() }));
const place = kept<readonly Acknowledgement[]>("aegis.acknowledged", acknowledgements, []);

interface Acknowledged {
  all: readonly Acknowledgement[];
  toggle: (mark: string) => void;
}

/** What whoever sits here has seen. It stays in this browser, and holds for all its tabs. */
export const useAcknowledged = create<Acknowledged>((set, get) => ({
  all: place.read(),
  toggle: (mark) => {
    const { all } = get();
    const others = all.filter((each) => each.mark !== mark);
    const by = useSession.getState().viewer?.name ?? "nobody";
    const next =
      others.length < all.length ? others : [...others, { mark, by, at: serverNow() }].slice(-KEPT);
    place.write(next);
    set({ all: next });
  },
}));

place.follow((all) => useAcknowledged.setState({ all }));

export const markOf = ({ key, since }: { key: string; since: number | null }): string =>
  `${key} @${since ?? 0}`;
