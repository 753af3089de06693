import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/shared/lib/utils";

const buttonVariants = cva(
  "inline-flex shrink-0 cursor-pointer items-center justify-center gap-1.5 whitespace-nowrap rounded font-medium disabled:cursor-not-allowed disabled:text-muted-foreground aria-disabled:cursor-not-allowed aria-disabled:text-muted-foreground [&_svg]:size-3.5 [&_svg]:shrink-0",
  {
    variants: {
      variant: {
        default:
          "bg-primary text-primary-foreground hover:outline hover:outline-1 hover:outline-primary hover:outline-offset-1 disabled:bg-muted disabled:hover:outline-none",
        outline: "border border-input bg-card hover:bg-accent disabled:bg-card",
        ghost: "hover:bg-accent",
        danger:
          "border border-bad bg-card text-bad hover:bg-bad-soft disabled:border-input aria-disabled:border-input aria-disabled:hover:bg-card",
      },
      size: { default: "h-7 px-2.5", icon: "size-7" },
    },
    defaultVariants: { variant: "default", size: "default" },
  },
);

type Props = ComponentProps<"button"> & VariantProps<typeof buttonVariants> & { asChild?: boolean };

export function Button({ className, variant, size, asChild = false, ...props }: Props) {
  const Comp = asChild ? Slot.Root : "button";
  return (
    <Comp
      type={asChild ? undefined : "button"}
      className={cn(buttonVariants({ variant, size }), className)}
      {...props}
    />
  );
}
