import { cn } from "@/shared/lib/utils";
import { looks } from "./look";
import { type InstanceStatus, statuses, words } from "./status";

/** How many of each state, as one bar; the words stand beside it, so it is hidden from screen readers. */
export function Segments({
  counts,
  className,
}: {
  counts: ReadonlyMap<InstanceStatus, number>;
  className?: string;
}) {
  const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
  return (
    <span
      aria-hidden="true"
      className={cn("flex h-1.5 gap-px overflow-hidden rounded-sm bg-muted", className)}
    >
      {total > 0 &&
        statuses
          .filter((status) => (counts.get(status) ?? 0) > 0)
          .map((status) => (
            <span
              key={status}
              title={`${counts.get(status)} ${words[status].toLowerCase()}`}
              className={cn("min-w-1", looks[status].fill)}
              style={{ flexGrow: counts.get(status) ?? 0 }}
            />
          ))}
    </span>
  );
}
