import type { ComponentProps } from "react";
import { cn } from "@/shared/lib/utils";

type Props = ComponentProps<"button"> & { pressed: boolean };

export function Toggle({ pressed, className, ...props }: Props) {
  return (
    <button
      type="button"
      aria-pressed={pressed}
      className={cn(
        "inline-flex h-7 shrink-0 cursor-pointer items-center gap-1 whitespace-nowrap rounded border px-2 [&_svg]:size-3.5",
        pressed
          ? "border-primary bg-selected font-medium text-foreground"
          : "border-input bg-card text-muted-foreground hover:bg-accent hover:text-foreground",
        className,
      )}
      {...props}
    />
  );
}
