import { create } from "zustand";

export type Role = "VIEWER" | "AUDITOR" | "OPERATOR" | "ADMIN";
export interface Viewer {
  name: string;
  role: Role;
}

/** Whether the server would let them act on instances and groups. */
export const mayOperate = (viewer: Viewer | null): boolean =>
  viewer?.role === "OPERATOR" || viewer?.role === "ADMIN";

interface SessionStore {
  /** `unknown` until the server has answered once. */
  status: "unknown" | "in" | "denied";
  viewer: Viewer | null;
  /** True when a session that ran was refused, rather than none begun. */
  ended: boolean;
  signedIn: (viewer: Viewer) => void;
  denied: () => void;
  reset: () => void;
}

export const useSession = create<SessionStore>((set) => ({
  status: "unknown",
  viewer: null,
  ended: false,
  signedIn: (viewer) => set({ status: "in", viewer, ended: false }),
  denied: () => set((s) => ({ status: "denied", viewer: null, ended: s.ended || s.status === "in" })),
  reset: () => set({ status: "unknown", viewer: null, ended: false }),
}));
