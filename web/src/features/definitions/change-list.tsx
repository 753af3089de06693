import { NONE } from "@/shared/figures/format";
import type { Change } from "./diff";
import { wordOf } from "./fields";

/** Before and after, a line each. */
export function ChangeList({ changes, none }: { changes: readonly Change[]; none: string }) {
  if (changes.length === 0) return <p className="text-muted-foreground">{none}</p>;
  return (
    <dl className="grid grid-cols-[7rem_minmax(0,1fr)] gap-x-2 gap-y-1">
      {changes.map(({ field, before, after }) => (
        <div key={field} className="contents">
          <dt className="truncate text-muted-foreground" title={field}>
            {wordOf(field)}
          </dt>
          <dd className="min-w-0 break-words">
            <del className="text-muted-foreground">{before ?? NONE}</del>
            <span aria-hidden="true" className="px-1 text-muted-foreground">
              →
            </span>
            <ins className="font-medium no-underline">{after ?? NONE}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}
