import type { LucideIcon } from "lucide-react";
import { cn } from "@/shared/lib/utils";

export interface FlagOf {
  key: string;
  word: string;
  /** What it means, and what to do. */
  title: string;
  icon: LucideIcon;
  warn: boolean;
}

/** An outlined mark beside a name. */
export function Flag({ flag: { word, title, icon: Icon, warn } }: { flag: FlagOf }) {
  return (
    <span
      title={title}
      className={cn(
        "inline-flex h-4.5 shrink-0 items-center gap-1 whitespace-nowrap rounded-sm border px-1 text-xs",
        warn ? "border-warn text-warn" : "border-input text-muted-foreground",
      )}
    >
      <Icon aria-hidden="true" className="size-3" />
      {word}
    </span>
  );
}

/** The first, and how many more there are. */
export function Flags({ flags }: { flags: readonly FlagOf[] }) {
  const [first, ...rest] = flags;
  if (!first) return null;
  return (
    <span className="inline-flex shrink-0 items-center gap-1">
      <Flag flag={first} />
      {rest.length > 0 && (
        <span
          className="text-muted-foreground text-xs"
          title={rest.map((flag) => `${flag.word}: ${flag.title}`).join("\n")}
        >
          +{rest.length}
        </span>
      )}
    </span>
  );
}
