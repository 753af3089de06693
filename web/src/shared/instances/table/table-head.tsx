import { ArrowDown, ArrowUp } from "lucide-react";
import { cn } from "@/shared/lib/utils";
import { nextSort, type Sort } from "../order";
import { columns } from "./columns";

interface Props {
  /** Null where the list has an order of its own. */
  sort: Sort | null;
  onSort: (sort: Sort) => void;
  className?: string;
}

export function TableHead({ sort, onSort, className }: Props) {
  return (
    <thead
      className={cn(
        "sticky z-10 bg-muted text-left text-xs shadow-[inset_0_-1px_0_var(--border)]",
        className,
      )}
    >
      <tr aria-rowindex={1}>
        {columns.map((column) => {
          const sorted = sort !== null && column.sort !== null && sort.key === column.sort;
          const Arrow = sort?.descending ? ArrowDown : ArrowUp;
          const label =
            column.key === "menu" ? <span className="sr-only">{column.label}</span> : column.label;
          return (
            <th
              key={column.key}
              scope="col"
              title={column.title}
              aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : undefined}
              className={cn(
                "h-7 whitespace-nowrap px-2 font-medium text-muted-foreground",
                column.width,
                column.shown,
                column.right && "text-right",
              )}
            >
              {column.sort === null || sort === null ? (
                label
              ) : (
                <button
                  type="button"
                  className={cn(
                    "-mx-1 inline-flex h-6 cursor-pointer items-center gap-0.5 rounded-sm px-1 hover:bg-accent hover:text-foreground",
                    sorted && "text-foreground",
                  )}
                  onClick={() => column.sort && onSort(nextSort(sort, column.sort))}
                >
                  {label}
                  <span className="w-3.5">{sorted && <Arrow aria-hidden="true" className="size-3" />}</span>
                </button>
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
