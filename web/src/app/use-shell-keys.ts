import { useEffect, useRef } from "react";
import { useNavigate } from "react-router";
import { useSingleKeys } from "@/shared/keys/store";
import { isTyping } from "@/shared/keys/typing";
import { usePause } from "@/shared/live/pause";
import { useZone } from "@/shared/time/zone";
import { copyAddress } from "@/shared/ui/copy-link";
import { useKeeping } from "@/shared/url/links";
import { places } from "./rooms";

/** How long a `g` waits for the letter of a room. */
const CHORD_MS = 1_200;

interface Acts {
  onPalette: () => void;
  onSheet: () => void;
}

/** The keys that hold on every screen; off while somebody types. */
export function useShellKeys({ onPalette, onSheet }: Acts): void {
  const navigate = useNavigate();
  const keeping = useKeeping();
  const going = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        onPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (!useSingleKeys.getState().on) return;
      if (performance.now() - going.current < CHORD_MS) {
        going.current = Number.NEGATIVE_INFINITY;
        const room = places.find(({ key }) => key === event.key);
        if (room) void navigate(keeping(room.to));
        return;
      }
      const act: Record<string, () => void> = {
        g: () => {
          going.current = performance.now();
        },
        "?": onSheet,
        "/": () => document.querySelector<HTMLInputElement>("main input[type=search]")?.focus(),
        p: () => usePause.getState().toggle(),
        y: copyAddress,
        z: () => useZone.getState().toggle(),
        t: () => document.querySelector<HTMLButtonElement>("[data-key=range]")?.click(),
        r: () => document.querySelector<HTMLButtonElement>("[data-key=replay]")?.click(),
        "[": () => tab(-1),
        "]": () => tab(1),
      };
      const chosen = act[event.key];
      if (!chosen) return;
      event.preventDefault();
      chosen();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate, keeping, onPalette, onSheet]);
}

function tab(step: number): void {
  const tabs = [...document.querySelectorAll<HTMLButtonElement>("[role=tab]")];
  const at = tabs.findIndex((each) => each.getAttribute("aria-selected") === "true");
  tabs[(at + step + tabs.length) % tabs.length]?.click();
}
