import {
  Activity,
  ArrowDownFromLine,
  BookMarked,
  Building2,
  CircleCheck,
  CircleOff,
  Crown,
  Eye,
  EyeOff,
  FilePen,
  LogOut,
  type LucideIcon,
  Server,
  Settings2,
  Undo2,
  UserMinus,
  UserX,
} from "lucide-react";
import type { AggregateKind } from "./documents";

export const kindLook: Record<AggregateKind, { word: string; icon: LucideIcon }> = {
  DEFINITION: { word: "Definition", icon: BookMarked },
  INSTANCE: { word: "Instance", icon: Server },
  LEADERSHIP: { word: "Leadership", icon: Crown },
  INSTALLATION: { word: "Installation", icon: Building2 },
};

export const kinds = Object.keys(kindLook) as AggregateKind[];

const bad = "text-bad";
const warn = "text-warn";
const ok = "text-ok";

/** Looks of the types that are worth a second glance; the others take that of their kind. */
const typeLook: Record<string, { icon: LucideIcon; tone: string }> = {
  leader_elected: { icon: Crown, tone: "text-info" },
  leader_lost: { icon: UserX, tone: bad },
  leader_resigned: { icon: UserMinus, tone: warn },
  step_down_requested: { icon: ArrowDownFromLine, tone: warn },
  unhealthy: { icon: Activity, tone: warn },
  expired: { icon: CircleOff, tone: bad },
  forgotten: { icon: LogOut, tone: "" },
  recovered: { icon: CircleCheck, tone: ok },
  deregistered: { icon: LogOut, tone: "" },
  drain_requested: { icon: ArrowDownFromLine, tone: warn },
  configuration_reported: { icon: Settings2, tone: "" },
  amended: { icon: FilePen, tone: "" },
  retired: { icon: CircleOff, tone: warn },
  reinstated: { icon: Undo2, tone: "" },
  self_preservation_entered: { icon: EyeOff, tone: bad },
  self_preservation_left: { icon: Eye, tone: ok },
  dead_letter_redriven: { icon: Undo2, tone: "" },
  dead_letter_discarded: { icon: CircleOff, tone: warn },
};

/** `aegis.leadership.leader_elected.v1` -> `leader_elected`. */
export function shortType(type: string): string {
  const parts = type.split(".");
  const last = parts.at(-1) ?? type;
  return /^v\d+$/.test(last) ? (parts.at(-2) ?? type) : last;
}

/** `leader_elected` -> `Leader elected`. */
export function typeWords(type: string): string {
  const words = shortType(type).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function lookOf(event: { type: string; kind: AggregateKind }): { icon: LucideIcon; tone: string } {
  return typeLook[shortType(event.type)] ?? { icon: kindLook[event.kind].icon, tone: "" };
}
