import { create } from "zustand";
import { readStored, writeStored } from "@/shared/lib/stored";
import { z } from "@/shared/lib/zod";

/** A view of a screen under a name: what stands in its address. */
export interface SavedView {
  name: string;
  search: string;
}

const KEY = "aegis.views";
const stored = z.record(z.string(), z.array(z.object({ name: z.string(), search: z.string() })));

type Views = Readonly<Record<string, readonly SavedView[]>>;

function read(): Views {
  try {
    return stored.parse(JSON.parse(readStored(KEY)));
  } catch {
    return {};
  }
}

interface Store {
  /** By the path of the screen. */
  views: Views;
  save: (screen: string, view: SavedView) => void;
  remove: (screen: string, name: string) => void;
}

/** Kept in this browser. */
export const useSavedViews = create<Store>((set, get) => {
  const put = (screen: string, list: readonly SavedView[]): void => {
    const views = { ...get().views, [screen]: list };
    writeStored(KEY, JSON.stringify(views));
    set({ views });
  };
  const others = (screen: string, name: string): readonly SavedView[] =>
    (get().views[screen] ?? []).filter((each) => each.name !== name);
  return {
    views: read(),
    save: (screen, view) => put(screen, [...others(screen, view.name), view]),
    remove: (screen, name) => put(screen, others(screen, name)),
  };
});

/** What a name stands for: all of the address but what is looked at just now. */
export function searchOf(params: URLSearchParams, passing: readonly string[]): string {
  const kept = new URLSearchParams(params);
  for (const key of passing) kept.delete(key);
  return kept.toString();
}
