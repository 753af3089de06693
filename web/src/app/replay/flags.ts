import { create } from "zustand";
import type { Whole } from "@/shared/graphql/exact";

/** A place in the log that was marked to be compared. */
export interface Flag {
  sequence: Whole;
  /** When its event was recorded, in epoch milliseconds. */
  time: number;
}

interface Flags {
  a: Flag | null;
  b: Flag | null;
  set: (name: "a" | "b", flag: Flag) => void;
}

/** They stand while the page is open. */
export const useFlags = create<Flags>((set) => ({
  a: null,
  b: null,
  set: (name, flag) => set({ [name]: flag }),
}));
