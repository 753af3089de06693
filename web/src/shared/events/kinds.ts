import {
  Activity,
  ArrowDownFromLine,
  ArrowLeftRight,
  BookMarked,
  Building2,
  CalendarClock,
  CalendarX2,
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
  Trash2,
  Undo2,
  UserMinus,
  UserX,
  Wrench,
} from "lucide-react";
import type { AggregateKind } from "./documents";

export const kindLook: Record<AggregateKind, { word: string; icon: LucideIcon }> = {
  DEFINITION: { word: "Definition", icon: BookMarked },
  INSTANCE: { word: "Instance", icon: Server },
  LEADERSHIP: { word: "Leadership", icon: Crown },
  INSTALLATION: { word: "Installation", icon: Building2 },
};

export const kinds = Object.keys(kindLook) as AggregateKind[];

/** Types with an icon of their own; the others take that of their kind. What has happened has no colour: it may be over. */
const typeIcon: Record<string, LucideIcon> = {
  leader_elected: Crown,
  leader_lost: UserX,
  leader_resigned: UserMinus,
  step_down_requested: ArrowDownFromLine,
  unhealthy: Activity,
  expired: CircleOff,
  forgotten: LogOut,
  recovered: CircleCheck,
  deregistered: LogOut,
  drain_requested: ArrowDownFromLine,
  configuration_reported: Settings2,
  amended: FilePen,
  retired: CircleOff,
  reinstated: Undo2,
  self_preservation_entered: EyeOff,
  self_preservation_left: Eye,
  dead_letter_redriven: Undo2,
  dead_letter_discarded: CircleOff,
  consumer_deleted: Trash2,
  maintenance_begun: Wrench,
  maintenance_ended: Wrench,
  switchover_scheduled: CalendarClock,
  switchover_cancelled: CalendarX2,
  switchover_begun: ArrowLeftRight,
  switchover_ended: ArrowLeftRight,
};

/** Words of types that the log names otherwise than operators do. */
const typeWord: Record<string, string> = {
  leader_elected: "Owner elected",
  leader_lost: "Owner lost",
  leader_resigned: "Owner resigned",
  step_down_requested: "Step-down asked",
  drain_requested: "Drain asked",
  deregistered: "Stopped",
  self_preservation_entered: "Cannot see",
  self_preservation_left: "Can see again",
};

/** `aegis.leadership.leader_elected.v1` -> `leader_elected`. */
export function shortType(type: string): string {
  const parts = type.split(".");
  const last = parts.at(-1) ?? type;
  return /^v\d+$/.test(last) ? (parts.at(-2) ?? type) : last;
}

/** `aegis.leadership.leader_elected.v1` -> `Owner elected`. */
export function typeWords(type: string): string {
  const short = shortType(type);
  const words = short.replaceAll("_", " ");
  return typeWord[short] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

export const iconOf = (event: { type: string; kind: AggregateKind }): LucideIcon =>
  typeIcon[shortType(event.type)] ?? kindLook[event.kind].icon;
