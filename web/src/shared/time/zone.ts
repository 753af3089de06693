import { create } from "zustand";
import { readChoice, writeStored } from "@/shared/lib/stored";
import type { Zone } from "./format";

const KEY = "aegis.zone";

interface ZoneStore {
  zone: Zone;
  toggle: () => void;
}

export const useZone = create<ZoneStore>((set, get) => ({
  zone: readChoice<Zone>(KEY, ["utc", "local"], "local"),
  toggle: () => {
    const zone = get().zone === "utc" ? "local" : "utc";
    writeStored(KEY, zone);
    set({ zone });
  },
}));
