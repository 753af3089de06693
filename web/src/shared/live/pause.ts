import { create } from "zustand";
import { serverNow } from "@/shared/time/clock";

interface PauseStore {
  /** The moment at which the operator stopped the picture; what is behind it goes on. */
  pausedAt: number | null;
  toggle: () => void;
  resume: () => void;
}

/** One pause for the whole page: no two parts of it tell different moments. */
export const usePause = create<PauseStore>((set, get) => ({
  pausedAt: null,
  toggle: () => set({ pausedAt: get().pausedAt === null ? serverNow() : null }),
  resume: () => set({ pausedAt: null }),
}));

export const usePaused = (): boolean => usePause((s) => s.pausedAt !== null);
