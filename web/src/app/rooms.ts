import { BookMarked, Crown, LayoutDashboard, type LucideIcon, MailX, ScrollText } from "lucide-react";
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

/** Where one can go: the rail, the keys and the palette are made of this. */
export const rooms: readonly Room[] = [
  { to: "/", label: "Overview", icon: LayoutDashboard, key: "o", needs: "VIEWER" },
  { to: "/leadership", label: "Leadership", icon: Crown, key: "l", needs: "VIEWER" },
  { to: "/events", label: "Events", icon: ScrollText, key: "e", needs: "VIEWER" },
  { to: "/definitions", label: "Definitions", icon: BookMarked, key: "d", needs: "VIEWER", apart: true },
  { to: "/dead-letters", label: "Dead letters", icon: MailX, key: "x", needs: "AUDITOR" },
];
