import { type ReactNode, useId } from "react";
import { cn } from "@/shared/lib/utils";

interface Props {
  title: string;
  /** Beside the title, muted. */
  note?: ReactNode;
  /** At the right end of the header. */
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  bodyClass?: string;
}

/** A box with a heading. */
export function Panel({ title, note, actions, children, className, bodyClass }: Props) {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className={cn("flex min-w-0 flex-col rounded border border-border bg-card", className)}
    >
      <header className="flex h-8 shrink-0 items-center gap-2 border-border border-b px-3">
        <h2 id={id} className="truncate font-semibold text-panel">
          {title}
        </h2>{" "}
        {note && <span className="min-w-0 truncate text-muted-foreground text-xs">{note}</span>}
        {actions && <div className="ml-auto flex items-center gap-1">{actions}</div>}
      </header>
      <div className={cn("min-h-0 p-3", bodyClass)}>{children}</div>
    </section>
  );
}
