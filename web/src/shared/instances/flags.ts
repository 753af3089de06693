import { Activity, BookX, ClockAlert, Plug, Users } from "lucide-react";
import type { FlagOf } from "@/shared/status/flag";
import type { InstanceRowOf } from "./documents";

type Flagged = Pick<InstanceRowOf, "flapping" | "conflict" | "clockOffsetSeconds" | "defined" | "legacy">;

/** What is odd about an instance, the worst first. */
export function flagsOf(instance: Flagged): FlagOf[] {
  const flags: FlagOf[] = [];
  if (instance.flapping) {
    flags.push({
      key: "flapping",
      word: "flapping",
      icon: Activity,
      warn: true,
      title:
        "It went silent and came back three times within five minutes; it counts as recovered after 30 s without a miss",
    });
  }
  if (instance.conflict) {
    flags.push({
      key: "conflict",
      word: "name conflict",
      icon: Users,
      warn: true,
      title:
        "Another process, started earlier, still runs under this name: give each process a name of its own",
    });
  }
  if (instance.clockOffsetSeconds !== null) {
    const off = clock(instance.clockOffsetSeconds);
    flags.push({
      key: "clock",
      word: `clock ${off}`,
      icon: ClockAlert,
      warn: true,
      title: `Its clock is ${off} that of NATS; nothing is decided by it, but the times that it tells are off by as much`,
    });
  }
  if (instance.legacy) {
    flags.push({
      key: "legacy",
      word: "legacy",
      icon: Plug,
      warn: false,
      title: "It speaks the wire of the Python SDK, and the control plane keeps its history for it",
    });
  }
  if (!instance.defined) {
    flags.push({
      key: "undefined",
      word: "not defined",
      icon: BookX,
      warn: false,
      title: "No active definition governs this service",
    });
  }
  return flags;
}

function clock(seconds: number): string {
  const abs = Math.abs(seconds);
  const off = abs >= 60 ? `${Math.round(abs / 60)} min` : `${abs.toFixed(1)} s`;
  return `${off} ${seconds > 0 ? "ahead of" : "behind"}`;
}
