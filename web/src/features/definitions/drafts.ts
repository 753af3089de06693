import { create } from "zustand";
import type { Content } from "./content";
import type { Draft } from "./draft";

/** What somebody is about to change, and what it was when they began. */
export interface Edit {
  draft: Draft;
  /** What the change is made from; null for a service that has no definition. */
  base: { content: Content; revision: number } | null;
  reason: string;
}

interface Drafts {
  edits: Readonly<Record<string, Edit>>;
  put: (key: string, edit: Edit) => void;
  drop: (key: string) => void;
}

/** Outlives the screen: whoever has to sign in again finds what they wrote. */
export const useDrafts = create<Drafts>((set) => ({
  edits: {},
  put: (key, edit) => set((s) => ({ edits: { ...s.edits, [key]: edit } })),
  drop: (key) =>
    set((s) => {
      const { [key]: _gone, ...rest } = s.edits;
      return { edits: rest };
    }),
}));
