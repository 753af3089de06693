import { ArrowDown, ArrowUp } from "lucide-react";
import { cn } from "@/shared/lib/utils";
import type { SetUrl } from "@/shared/url/use-url-state";
import type { DashboardView, dashboardShape, SortKey } from "./view-state";

interface Column {
  label: string;
  title: string;
  sort: SortKey | null;
  width: string;
  numeric?: boolean;
}

const service: Column = { label: "Service", title: "Service", sort: "service", width: "w-[14%]" };

/** Widths follow the room the table has, not the window: beside the feed it is narrower than the page. */
export const columns = (flat: boolean): Column[] => [
  {
    label: "Status",
    title: "State, and why",
    sort: "worst",
    width: flat ? "w-[12%]" : "w-[17%] @min-[60rem]:w-[21%]",
  },
  ...(flat ? [service] : []),
  { label: "Instance", title: "Instance", sort: "instance", width: "" },
  { label: "Version", title: "Version it runs", sort: "version", width: "w-16" },
  {
    label: "Groups",
    title: "Groups it leads, with the fencing term",
    sort: null,
    width: "w-[13%]",
  },
  { label: "Beat", title: "Age of the last heartbeat", sort: "beat", width: "w-17", numeric: true },
  {
    label: "Calls/s",
    title: "Calls per second, last minute",
    sort: "calls",
    width: "w-18 @min-[56rem]:w-30",
    numeric: true,
  },
  { label: "p99 ms", title: "99th percentile latency, ms", sort: "p99", width: "w-17", numeric: true },
  {
    label: "Err %",
    title: "Failed calls since the beat before, %",
    sort: "errors",
    width: "w-15",
    numeric: true,
  },
  { label: "Queue", title: "Queue depth / calls in flight", sort: "queue", width: "w-17", numeric: true },
];

interface Props {
  view: DashboardView;
  set: SetUrl<typeof dashboardShape>;
}

export function TableHead({ view, set }: Props) {
  const choose = (key: SortKey): void => set({ sort: key, reverse: view.sort === key && !view.reverse });
  return (
    <thead className="sticky top-0 z-10 bg-muted text-left text-xs shadow-[inset_0_-1px_0_var(--border)]">
      <tr aria-rowindex={1}>
        {columns(view.flat).map((column) => {
          const sorted = column.sort !== null && view.sort === column.sort;
          const Arrow = view.reverse ? ArrowUp : ArrowDown;
          return (
            <th
              key={column.label}
              scope="col"
              aria-sort={sorted ? (view.reverse ? "ascending" : "descending") : undefined}
              title={column.title}
              className={cn(
                "h-7 px-2 font-medium text-muted-foreground",
                column.width,
                column.numeric && "text-right",
              )}
            >
              {column.sort === null ? (
                column.label
              ) : (
                <button
                  type="button"
                  className={cn(
                    "inline-flex cursor-pointer items-center gap-0.5 hover:text-foreground",
                    sorted && "text-foreground",
                  )}
                  onClick={() => column.sort && choose(column.sort)}
                >
                  {column.label}
                  {sorted && <Arrow aria-hidden="true" className="size-3" />}
                </button>
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
