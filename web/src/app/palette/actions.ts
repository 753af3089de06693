import {
  BookMarked,
  Contrast,
  History,
  Keyboard,
  Link2,
  type LucideIcon,
  Pause,
  Play,
  Printer,
  Rows3,
  Timer,
} from "lucide-react";
import { densities, densityNames, useDensity } from "@/shared/density/density";
import { useSingleKeys } from "@/shared/keys/store";
import { usePause } from "@/shared/live/pause";
import { useLock } from "@/shared/session/lock";
import { mayAs, roleWord, useSession } from "@/shared/session/store";
import { themeNames, themes, useTheme } from "@/shared/theme/theme";
import { useZone } from "@/shared/time/zone";
import { copyAddress } from "@/shared/ui/copy-link";
import { newDefinitionPath } from "@/shared/url/links";
import { useGoTo, useMoment } from "@/shared/url/moment";

export interface PaletteAction {
  label: string;
  icon: LucideIcon;
  /** Why it cannot be done now; null when it can. */
  lock: string | null;
  run: () => void;
}

interface Ways {
  go: (to: string) => void;
  onSheet: () => void;
}

/** What can be done from everywhere, by the role of whoever is signed in. */
export function useActions({ go, onSheet }: Ways): readonly PaletteAction[] {
  const paused = usePause((s) => s.pausedAt !== null);
  const zone = useZone((s) => s.zone);
  const theme = useTheme((s) => s.theme);
  const density = useDensity((s) => s.density);
  const keys = useSingleKeys((s) => s.on);
  const viewer = useSession((s) => s.viewer);
  const mayLookBack = mayAs(viewer, "AUDITOR");
  const moment = useMoment();
  const goTo = useGoTo();
  const admin = useLock("ADMIN");
  const free = (label: string, icon: LucideIcon, run: () => void): PaletteAction => ({
    label,
    icon,
    lock: null,
    run,
  });
  return [
    free(paused ? "Resume the page" : "Pause the page", paused ? Play : Pause, () =>
      usePause.getState().toggle(),
    ),
    moment === null
      ? {
          label: "Look at the past",
          icon: History,
          lock: mayLookBack ? null : `Needs ${roleWord.AUDITOR}`,
          run: () => document.querySelector<HTMLButtonElement>("[data-key=replay]")?.click(),
        }
      : free("Back to live", History, () => goTo(null)),
    { label: "New definition", icon: BookMarked, lock: admin, run: () => go(newDefinitionPath) },
    free("Copy link", Link2, copyAddress),
    free(zone === "utc" ? "Show local time" : "Show UTC", Timer, () => useZone.getState().toggle()),
    ...themes
      .filter((each) => each !== theme)
      .map((each) => free(`Theme: ${themeNames[each]}`, Contrast, () => useTheme.getState().choose(each))),
    ...densities
      .filter((each) => each !== density)
      .map((each) => free(densityNames[each], Rows3, () => useDensity.getState().choose(each))),
    free(keys ? "Turn single keys off" : "Turn single keys on", Keyboard, () =>
      useSingleKeys.getState().toggle(),
    ),
    free("Keys", Keyboard, onSheet),
    free("Print this page", Printer, () => setTimeout(() => window.print())),
  ];
}
