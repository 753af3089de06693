import {
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleOff,
  CirclePause,
  CircleQuestionMark,
  CircleSlash,
  CircleX,
  Hourglass,
  type LucideIcon,
  TriangleAlert,
} from "lucide-react";
import type { InstanceStatus } from "./documents";

export interface StatusLook {
  word: string;
  icon: LucideIcon;
  /** Text colour; never the only sign, the word and the shape of the icon say the same. */
  tone: string;
  /** 0 is worst. */
  rank: number;
}

export const statusLook: Record<InstanceStatus, StatusLook> = {
  FAILED: { word: "Failed", icon: CircleX, tone: "text-bad", rank: 0 },
  EXPIRED: { word: "Expired", icon: CircleOff, tone: "text-bad", rank: 1 },
  UNHEALTHY: { word: "Unhealthy", icon: TriangleAlert, tone: "text-warn", rank: 2 },
  UNKNOWN: { word: "Unknown", icon: CircleQuestionMark, tone: "text-warn", rank: 3 },
  STOPPING: { word: "Stopping", icon: CirclePause, tone: "text-info", rank: 4 },
  DRAINING: { word: "Draining", icon: Hourglass, tone: "text-info", rank: 5 },
  STARTING: { word: "Starting", icon: CircleDot, tone: "text-info", rank: 6 },
  INIT: { word: "Init", icon: CircleDashed, tone: "text-info", rank: 7 },
  RUNNING: { word: "Running", icon: CircleCheck, tone: "text-ok", rank: 8 },
  STOPPED: { word: "Stopped", icon: CircleSlash, tone: "text-idle", rank: 9 },
};

/** Worst first. */
export const statuses = (Object.keys(statusLook) as InstanceStatus[]).sort(
  (a, b) => statusLook[a].rank - statusLook[b].rank,
);

export const transitional: readonly InstanceStatus[] = ["STOPPING", "DRAINING", "STARTING", "INIT"];
export const down: readonly InstanceStatus[] = ["FAILED", "EXPIRED", "STOPPED"];
