import { cn } from "@/shared/lib/utils";
import type { Event } from "./documents";
import { iconOf, kindLook, typeWords } from "./kinds";

/** Icon and words of an event's type; the kind is in the title and for screen readers. */
export function EventType({ event, className }: { event: Event; className?: string }) {
  const Icon = iconOf(event);
  return (
    <span className={cn("flex min-w-0 items-center gap-1.5", className)} title={event.type}>
      <Icon aria-hidden="true" className="size-3.5 shrink-0 text-muted-foreground" />
      <span className="truncate">{typeWords(event.type)}</span>
      <span className="sr-only"> ({kindLook[event.kind].word})</span>
    </span>
  );
}
