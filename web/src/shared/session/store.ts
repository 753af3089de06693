import { create } from "zustand";

export type Role = "VIEWER" | "AUDITOR" | "OPERATOR" | "ADMIN";
export interface Viewer {
  name: string;
  role: Role;
}

interface SessionStore {
  /** `unknown` until the server has answered once. */
  status: "unknown" | "in" | "denied";
  viewer: Viewer | null;
  signedIn: (viewer: Viewer) => void;
  denied: () => void;
  reset: () => void;
}

export const useSession = create<SessionStore>((set) => ({
  status: "unknown",
  viewer: null,
  signedIn: (viewer) => set({ status: "in", viewer }),
  denied: () => set({ status: "denied", viewer: null }),
  reset: () => set({ status: "unknown", viewer: null }),
}));
