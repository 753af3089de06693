import { create } from "zustand";
import { readStored, writeStored } from "@/shared/lib/stored";

export const themes = ["system", "light", "dark", "contrast"] as const;
export type Theme = (typeof themes)[number];

export const themeNames: Record<Theme, string> = {
  system: "As the system",
  light: "Light",
  dark: "Dark",
  contrast: "High contrast",
};

const KEY = "aegis.theme";

interface ThemeStore {
  theme: Theme;
  choose: (theme: Theme) => void;
}

export const useTheme = create<ThemeStore>((set) => ({
  theme: readStored(KEY, themes, "system"),
  choose: (theme) => {
    writeStored(KEY, theme);
    applyTheme(theme);
    set({ theme });
  },
}));

/** «system» leaves the choice to the media query in the style sheet. */
export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
