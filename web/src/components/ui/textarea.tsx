import type { ComponentProps } from "react";
import { cn } from "@/shared/lib/utils";

export function Textarea({ className, ...props }: ComponentProps<"textarea">) {
  return (
    <textarea
      className={cn(
        "w-full min-w-0 rounded border border-input bg-card px-2 py-1 placeholder:text-muted-foreground",
        className,
      )}
      {...props}
    />
  );
}
