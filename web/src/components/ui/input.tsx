import type { ComponentProps } from "react";
import { cn } from "@/shared/lib/utils";

export function Input({ className, ...props }: ComponentProps<"input">) {
  return (
    <input
      className={cn(
        "h-7 w-full min-w-0 rounded border border-input bg-card px-2 placeholder:text-muted-foreground",
        className,
      )}
      {...props}
    />
  );
}
