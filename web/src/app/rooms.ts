import {
  BookMarked,
  Crown,
  FileClock,
  LayoutDashboard,
  type LucideIcon,
  MailX,
  MonitorUp,
  ScrollText,
  ServerCog,
} from "lucide-react";
import type { Role } from "@/shared/session/store";

export interface Room {
  to: string;
  label: string;
  icon: LucideIcon;
  /** After `g`. */
  key: string;
  /** The least role that may enter. */
  needs: Role;
  /** Stands apart from the one above. */
  apart?: boolean;
}

/** The screens that the rail leads to. */
export const rooms: readonly Room[] = [
  { to: "/", label: "Overview", icon: LayoutDashboard, key: "o", needs: "VIEWER" },
  { to: "/leadership", label: "Leadership", icon: Crown, key: "l", needs: "VIEWER" },
  { to: "/events", label: "Events", icon: ScrollText, key: "e", needs: "VIEWER" },
  { to: "/definitions", label: "Definitions", icon: BookMarked, key: "d", needs: "VIEWER", apart: true },
  { to: "/dead-letters", label: "Dead letters", icon: MailX, key: "x", needs: "AUDITOR" },
  { to: "/audit", label: "Audit", icon: FileClock, key: "a", needs: "AUDITOR", apart: true },
  { to: "/system", label: "System", icon: ServerCog, key: "s", needs: "VIEWER" },
];

/** Where one can go by keys and palette: those screens, and others that are not in the rail. */
export const places: readonly Room[] = [
  ...rooms,
  { to: "/wall", label: "Wallboard", icon: MonitorUp, key: "w", needs: "VIEWER" },
];
