import { cn } from "@/shared/lib/utils";
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
export function StateBadge({ shown: { status, was }, soft = false, className }: Props) {
  const { icon: Icon, tone, soft: ground } = looks[status];
  return (
    <span
      data-status={status}
      title={was === null ? undefined : `Unknown: it was ${words[was].toLowerCase()} when it was last seen`}
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
      {was !== null && <span className="truncate font-normal">was {words[was]}</span>}
    </span>
  );
}
