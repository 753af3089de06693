import { create } from "zustand";
import { readStored, writeStored } from "@/shared/lib/stored";

const KEY = "aegis.acknowledged";
/** So many are remembered: those that are over are of no use. */
const KEPT = 200;

interface Acknowledged {
  /** Keys of items with the moment since which each stands: the same trouble later is another one. */
  marks: readonly string[];
  toggle: (mark: string) => void;
}

/** What whoever sits here has seen. It stays in this browser. */
export const useAcknowledged = create<Acknowledged>((set, get) => ({
  marks: readStored(KEY).split("\n").filter(Boolean),
  toggle: (mark) => {
    const { marks } = get();
    const next = marks.includes(mark) ? marks.filter((each) => each !== mark) : [...marks, mark].slice(-KEPT);
    writeStored(KEY, next.join("\n"));
    set({ marks: next });
  },
}));

export const markOf = ({ key, since }: { key: string; since: number | null }): string =>
  `${key} @${since ?? 0}`;
