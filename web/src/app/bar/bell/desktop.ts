import { create } from "zustand";
import type { Notified } from "@/shared/attention/notified";
import { readStored, writeStored } from "@/shared/lib/stored";

const KEY = "aegis.desktop";

type Wanted = "on" | "off" | "refused" | "impossible";

function initial(): Wanted {
  if (!("Notification" in window)) return "impossible";
  if (Notification.permission === "denied") return "refused";
  return readStored(KEY) === "on" && Notification.permission === "granted" ? "on" : "off";
}

interface Desktop {
  wanted: Wanted;
  /** Asks the browser for leave when it is turned on. */
  toggle: () => Promise<void>;
}

/** Whether the desktop is told of what turns bad while the page is out of sight. Off until somebody wants it. */
export const useDesktop = create<Desktop>((set, get) => ({
  wanted: initial(),
  toggle: async () => {
    if (get().wanted === "on") {
      writeStored(KEY, "off");
      set({ wanted: "off" });
      return;
    }
    const leave = await Notification.requestPermission();
    if (leave === "granted") {
      writeStored(KEY, "on");
      set({ wanted: "on" });
    } else if (leave === "denied") set({ wanted: "refused" });
  },
}));

window.addEventListener("storage", ({ key }) => {
  if (key === KEY || key === null) useDesktop.setState({ wanted: initial() });
});

export function notifyDesktop({ mark, subject, text }: Notified): void {
  if (useDesktop.getState().wanted !== "on" || !document.hidden) return;
  const told = new Notification(`Aegis: ${subject}`, { body: text, tag: mark });
  told.onclick = () => {
    window.focus();
    told.close();
  };
}
