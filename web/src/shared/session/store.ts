import { create } from "zustand";

export const roles = ["VIEWER", "AUDITOR", "OPERATOR", "ADMIN"] as const;
export type Role = (typeof roles)[number];
export interface Viewer {
  name: string;
  role: Role;
}

export const roleWord: Record<Role, string> = {
  VIEWER: "Viewer",
  AUDITOR: "Auditor",
  OPERATOR: "Operator",
  ADMIN: "Admin",
};

/** Each role may do what those before it may. The server enforces it; the page only says so beforehand. */
export const mayAs = (viewer: Viewer | null, needed: Role): boolean =>
  viewer !== null && roles.indexOf(viewer.role) >= roles.indexOf(needed);

interface SessionStore {
  /** `unknown` until the server has answered once. */
  status: "unknown" | "in" | "denied";
  viewer: Viewer | null;
  /** True when a session that ran was refused, rather than none begun. */
  ended: boolean;
  /** Counts the sessions of this page: what hangs off one begins anew with the next. */
  epoch: number;
  signedIn: (viewer: Viewer) => void;
  denied: () => void;
  reset: () => void;
}

export const useSession = create<SessionStore>((set) => ({
  status: "unknown",
  viewer: null,
  ended: false,
  epoch: 0,
  signedIn: (viewer) => set((s) => ({ status: "in", viewer, ended: false, epoch: s.epoch + 1 })),
  denied: () => set((s) => ({ status: "denied", viewer: null, ended: s.ended || s.status === "in" })),
  reset: () => set({ status: "unknown", viewer: null, ended: false }),
}));
