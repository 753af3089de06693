import { create } from "zustand";
import { readChoice, writeStored } from "@/shared/lib/stored";

export const themes = ["system", "light", "dark", "contrast"] as const;
export type Theme = (typeof themes)[number];
/** What the style sheet has colours of. */
export type Palette = Exclude<Theme, "system">;

export const themeNames: Record<Theme, string> = {
  system: "As the system",
  light: "Light",
  dark: "Dark",
  contrast: "High contrast",
};

const KEY = "aegis.theme";
const DARK = "(prefers-color-scheme: dark)";
const MORE = "(prefers-contrast: more)";

interface ThemeStore {
  theme: Theme;
  /** What is on the page now: canvases draw in its colours. */
  palette: Palette;
  choose: (theme: Theme) => void;
}

function paletteOf(theme: Theme): Palette {
  if (theme !== "system") return theme;
  if (window.matchMedia(MORE).matches) return "contrast";
  return window.matchMedia(DARK).matches ? "dark" : "light";
}

const initial = readChoice(KEY, themes, "system");

export const useTheme = create<ThemeStore>((set) => ({
  theme: initial,
  palette: paletteOf(initial),
  choose: (theme) => {
    writeStored(KEY, theme);
    set({ theme, palette: paletteOf(theme) });
  },
}));

/** Puts the palette on the document, now and whenever the operator or the system chooses another. */
export function keepTheme(): void {
  const put = (palette: Palette): void => {
    document.documentElement.dataset["theme"] = palette;
  };
  put(useTheme.getState().palette);
  useTheme.subscribe((state) => put(state.palette));
  for (const query of [DARK, MORE]) {
    window.matchMedia(query).addEventListener("change", () => {
      useTheme.setState((state) => ({ palette: paletteOf(state.theme) }));
    });
  }
}
