import {
  CircleCheck,
  CircleSlash,
  Clock,
  EyeOff,
  History,
  LoaderCircle,
  type LucideIcon,
  PlugZap,
} from "lucide-react";
import type { Freshness } from "@/shared/freshness/freshness";
import { useTruth } from "@/shared/freshness/truth";
import { cn } from "@/shared/lib/utils";
import { formatSecond, type Zone } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { useMoment } from "@/shared/url/moment";

interface Look {
  icon: LucideIcon;
  text: string;
  tone: string;
}

const viewingPast: Look = { icon: History, text: "Viewing the past", tone: "text-foreground" };

export function lookOf(freshness: Freshness, zone: Zone): Look {
  switch (freshness.kind) {
    case "starting":
      return { icon: LoaderCircle, text: "Connecting", tone: "text-muted-foreground" };
    case "live":
      return { icon: CircleCheck, text: "Live", tone: "text-ok" };
    case "delayed":
      return { icon: Clock, text: `Delayed ${freshness.seconds} s`, tone: "text-warn" };
    case "blind":
      return {
        icon: EyeOff,
        text: `Cannot see since ${formatSecond(freshness.since, zone)}`,
        tone: "text-bad",
      };
    case "reconnecting": {
      const { attempt, nextInSeconds } = freshness;
      const next = nextInSeconds > 0 ? `next in ${nextInSeconds} s` : "trying now";
      return { icon: PlugZap, text: `Reconnecting, try ${attempt}, ${next}`, tone: "text-warn" };
    }
    case "denied":
      return { icon: CircleSlash, text: "Denied", tone: "text-bad" };
    case "refused":
      return { icon: CircleSlash, text: "Refused", tone: "text-bad" };
  }
}

/** How current the page is, in a place of fixed width. */
export function FreshnessBadge() {
  const { freshness } = useTruth();
  const zone = useZone((s) => s.zone);
  const past = useMoment() !== null;
  const { icon: Icon, text, tone } = past ? viewingPast : lookOf(freshness, zone);
  return (
    <span
      data-testid="connection"
      data-state={freshness.kind}
      title={text}
      className={cn("flex w-54 shrink-0 max-lg:w-36 items-center gap-1.5 font-medium", tone)}
    >
      <Icon aria-hidden="true" className="size-3.5 shrink-0" />
      <span className="truncate">{text}</span>
    </span>
  );
}
