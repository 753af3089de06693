import { create } from "zustand";
import { readChoice, writeStored } from "@/shared/lib/stored";

const KEY = "aegis.keys";

interface KeysStore {
  /** Whether single keys act on every screen. Who dictates, or presses keys by accident, may want none of it. */
  on: boolean;
  toggle: () => void;
}

/** Kept in this browser. */
export const useSingleKeys = create<KeysStore>((set, get) => ({
  on: readChoice(KEY, ["on", "off"], "on") === "on",
  toggle: () => {
    const on = !get().on;
    writeStored(KEY, on ? "on" : "off");
    set({ on });
  },
}));
