import { create } from "zustand";
import type { Whole } from "@/shared/graphql/exact";

/** The moment of the log that the page shows, once it is known which event it comes after. */
interface Replay {
  sequence: Whole | null;
  /** When that event was recorded, in epoch milliseconds; ages are counted up to it. */
  time: number | null;
}

export const useReplay = create<Replay>(() => ({ sequence: null, time: null }));
