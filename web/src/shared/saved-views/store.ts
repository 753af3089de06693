import { create } from "zustand";
import { kept } from "@/shared/lib/kept";
import { z } from "@/shared/lib/zod";

/** A view of a screen under a name: what stands in its address. */
export interface SavedView {
  name: string;
  search: string;
}

type Views = Readonly<Record<string, readonly SavedView[]>>;

const views = z.record(z.string(), z.array(z.object({ name: z.string(), search: z.string() })));
const place = kept<Views>("aegis.views", views, {});

interface Store {
  /** By the path of the screen. */
  views: Views;
  save: (screen: string, view: SavedView) => void;
  remove: (screen: string, name: string) => void;
}

/** Kept in this browser, for all its tabs. */
export const useSavedViews = create<Store>((set, get) => {
  const put = (screen: string, list: readonly SavedView[]): void => {
    const views = { ...get().views, [screen]: list };
    place.write(views);
    set({ views });
  };
  const others = (screen: string, name: string): readonly SavedView[] =>
    (get().views[screen] ?? []).filter((each) => each.name !== name);
  return {
    views: place.read(),
    save: (screen, view) => put(screen, [...others(screen, view.name), view]),
    remove: (screen, name) => put(screen, others(screen, name)),
  };
});

place.follow((all) => useSavedViews.setState({ views: all }));

/** What a name stands for: all of the address but what is looked at just now. */
export function searchOf(params: URLSearchParams, passing: readonly string[]): string {
  const kept = new URLSearchParams(params);
  for (const key of passing) kept.delete(key);
  return kept.toString();
}
