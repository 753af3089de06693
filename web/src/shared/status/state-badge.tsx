import { cn } from "@/shared/lib/utils";
import { formatAge } from "@/shared/time/duration";
import { looks } from "./look";
import type { ShownState } from "./shown";
import { words } from "./status";

interface Props {
  shown: ShownState;
  /** Filled in headers, plain in tables. */
  soft?: boolean;
  className?: string;
}

/** Icon, word and colour of a state; of what is not known any more also what it was. */
export function StateBadge({ shown: { status, was, leaseLostMs }, soft = false, className }: Props) {
  // Who has lost a lease is called running until it is marked, and looks like one who is not well.
  const { icon: Icon, tone, soft: ground } = looks[leaseLostMs === null ? status : "UNHEALTHY"];
  return (
    <span
      data-status={status}
      title={titleOf({ was, leaseLostMs })}
      className={cn(
        "inline-flex h-4.5 max-w-full shrink-0 items-center gap-0.5 overflow-hidden align-middle whitespace-nowrap rounded-sm font-medium text-xs",
        tone,
        soft && "border border-border px-1.5",
        soft && ground,
        className,
      )}
    >
      <span
        className={cn("flex size-4 shrink-0 items-center justify-center rounded-sm", was !== null && "hatch")}
      >
        <Icon aria-hidden="true" className="size-3" />
      </span>
      {words[status]}
      {leaseLostMs !== null && (
        <span className="truncate">&nbsp;· lease lost {formatAge(leaseLostMs)} ago</span>
      )}
      {was !== null && <span className="truncate font-normal">&nbsp;was {words[was]}</span>}
    </span>
  );
}

function titleOf({ was, leaseLostMs }: Pick<ShownState, "was" | "leaseLostMs">): string | undefined {
  if (was !== null) return `Unknown: it was ${words[was].toLowerCase()} when it was last seen`;
  if (leaseLostMs === null) return undefined;
  return `It has not been marked, but lost the lease of a group ${formatAge(leaseLostMs)} ago`;
}
