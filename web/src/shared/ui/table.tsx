import type { ReactNode } from "react";
import { cn } from "@/shared/lib/utils";

export interface Column {
  label: string;
  right?: boolean;
  className?: string;
}

interface Props {
  label: string;
  columns: readonly Column[];
  children: ReactNode;
  className?: string;
}

/** One row of a table, and one that is looked at. */
export const rowClass = "h-row border-border border-b bg-card hover:bg-accent";
export const chosenRow = "bg-selected hover:bg-selected shadow-[inset_3px_0_0_var(--primary)]";

/** A table with a head that stays while it is scrolled. */
export function Table({ label, columns, children, className }: Props) {
  return (
    <table aria-label={label} className={cn("w-full border-collapse", className)}>
      <thead className="sticky top-0 z-10 bg-muted text-left text-xs shadow-[inset_0_-1px_0_var(--border)]">
        <tr>
          {columns.map((column) => (
            <th
              key={column.label}
              scope="col"
              className={cn(
                "h-7 whitespace-nowrap px-2 font-medium text-muted-foreground",
                column.right && "text-right",
                column.className,
              )}
            >
              {column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
