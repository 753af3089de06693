import { CircleCheck, CircleSlash, LoaderCircle, type LucideIcon, PlugZap, Unplug } from "lucide-react";
import type { Connection } from "@/shared/connection/machine";
import { useConnection } from "@/shared/connection/store";
import { cn } from "@/shared/lib/utils";
import { serverNow, useNow } from "@/shared/time/clock";
import { formatAge } from "@/shared/time/format";

interface Look {
  icon: LucideIcon;
  text: string;
  tone: string;
}

/** `now` is this machine's clock, as are the moments in the state. Exported for its test. */
export function lookOf(connection: Connection, now: number): Look {
  switch (connection.kind) {
    case "idle":
      return { icon: Unplug, text: "Not connected", tone: "text-muted-foreground" };
    case "connecting":
      return { icon: LoaderCircle, text: "Connecting", tone: "text-info" };
    case "live":
      return { icon: CircleCheck, text: "Live", tone: "text-ok" };
    case "denied":
      return { icon: CircleSlash, text: "Denied", tone: "text-bad" };
    case "refused":
      return { icon: CircleSlash, text: "Refused", tone: "text-bad" };
    case "reconnecting": {
      const { attempt, nextAt, staleSince } = connection;
      const left = nextAt === null ? 0 : Math.max(0, Math.ceil((nextAt - now) / 1000));
      const next = left > 0 ? `next in ${left}s` : "trying now";
      const stale = staleSince === null ? "" : ` · stale for ${formatAge(now - staleSince)}`;
      return {
        icon: PlugZap,
        text: `Reconnecting, attempt ${Math.max(1, attempt)}, ${next}${stale}`,
        tone: "text-warn",
      };
    }
  }
}

export function ConnectionBadge() {
  const connection = useConnection();
  const skew = serverNow() - Date.now();
  const { icon: Icon, text, tone } = lookOf(connection, useNow() - skew);
  return (
    <span
      data-testid="connection"
      data-state={connection.kind}
      className={cn("flex items-center gap-1.5 font-medium", tone)}
    >
      <Icon aria-hidden="true" className="size-3.5" />
      {text}
    </span>
  );
}
