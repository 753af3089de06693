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
import type { InstanceStatus } from "./status";

export interface Look {
  icon: LucideIcon;
  /** Colour of icon and word; never the only sign. */
  tone: string;
  soft: string;
  /** Colour of the segment of a bar. */
  fill: string;
}

const bad = { tone: "text-bad", soft: "bg-bad-soft", fill: "bg-bad" };
const start = { tone: "text-start", soft: "bg-start-soft", fill: "bg-start" };
const drain = { tone: "text-drain", soft: "bg-drain-soft", fill: "bg-drain" };
const muted = { tone: "text-muted-foreground", soft: "bg-muted", fill: "bg-muted-foreground" };

export const looks: Record<InstanceStatus, Look> = {
  FAILED: { icon: CircleX, ...bad },
  EXPIRED: { icon: CircleOff, ...bad },
  UNHEALTHY: { icon: TriangleAlert, tone: "text-warn", soft: "bg-warn-soft", fill: "bg-warn" },
  UNKNOWN: { icon: CircleQuestionMark, ...muted },
  STOPPING: { icon: CirclePause, ...drain },
  DRAINING: { icon: Hourglass, ...drain },
  STARTING: { icon: CircleDot, ...start },
  INIT: { icon: CircleDashed, ...start },
  RUNNING: { icon: CircleCheck, tone: "text-ok", soft: "bg-ok-soft", fill: "bg-ok" },
  STOPPED: { icon: CircleSlash, ...muted },
};
