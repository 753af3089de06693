import { create } from "zustand";
import { readChoice, writeStored } from "@/shared/lib/stored";

export const densities = ["compact", "comfortable"] as const;
export type Density = (typeof densities)[number];

export const densityNames: Record<Density, string> = {
  compact: "Compact rows",
  comfortable: "Comfortable rows",
};

/** How high a row is, as `--row` of the style sheet has it. */
const heights: Record<Density, number> = { compact: 28, comfortable: 36 };

const KEY = "aegis.density";

interface DensityStore {
  density: Density;
  choose: (density: Density) => void;
}

/** Kept in this browser. */
export const useDensity = create<DensityStore>((set) => ({
  density: readChoice(KEY, densities, "compact"),
  choose: (density) => {
    writeStored(KEY, density);
    set({ density });
  },
}));

/** The height of a row in pixels, for lists that draw only what is in sight. */
export const useRowHeight = (): number => useDensity((s) => heights[s.density]);

/** Puts the choice on the document, now and whenever it changes. */
export function keepDensity(): void {
  const put = ({ density }: DensityStore): void => {
    document.documentElement.dataset["density"] = density;
  };
  put(useDensity.getState());
  useDensity.subscribe(put);
}
