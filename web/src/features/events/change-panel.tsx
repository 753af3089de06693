import { Lock } from "lucide-react";
import { NONE } from "@/shared/figures/format";
import type { Whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { mayAs, useSession } from "@/shared/session/store";
import { Loading, Problem } from "@/shared/ui/states";
import { ChangeOf } from "./documents";
import { diffJson } from "./json-diff";

/** What the event is about, before and after it. */
export function ChangePanel({ sequence }: { sequence: Whole }) {
  const viewer = useSession((s) => s.viewer);
  const may = mayAs(viewer, "AUDITOR");
  const { data, error, again } = useQuery(ChangeOf, may ? { sequence } : null);
  if (!may) {
    return (
      <p className="flex items-center gap-1.5 text-muted-foreground">
        <Lock aria-hidden="true" className="size-3" /> Needs Auditor.
      </p>
    );
  }
  if (!data)
    return error ? <Problem error={error} onRetry={again} /> : <Loading what="the change" rows={2} />;
  if (!data.eventChange) {
    return <p className="text-muted-foreground">The index does not reach back to the event before it.</p>;
  }
  const { before, after } = data.eventChange;
  const changes = diffJson(before, after);
  if (changes.length === 0) return <p className="text-muted-foreground">Nothing of it is different.</p>;
  return (
    <>
      {before === null && <p className="mb-1 text-muted-foreground">There was nothing of it before.</p>}
      {after === null && <p className="mb-1 text-muted-foreground">There is nothing of it after.</p>}
      <div className="overflow-x-auto rounded-sm border border-border">
        <table aria-label="Before and after" className="w-full border-collapse font-mono text-xs">
          <thead className="bg-muted text-left text-muted-foreground">
            <tr>
              {["Field", ...(before === null ? [] : ["Before"]), ...(after === null ? [] : ["After"])].map(
                (label) => (
                  <th key={label} scope="col" className="h-6 px-2 font-medium">
                    {label}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {changes.map(({ path, before: old, after: now }) => (
              <tr key={path} className="border-border border-t align-top">
                <th scope="row" className="wrap-anywhere px-2 py-0.5 text-left font-normal">
                  {path}
                </th>
                {before !== null && (
                  <td className="break-all px-2 py-0.5 text-muted-foreground">{old ?? NONE}</td>
                )}
                {after !== null && <td className="break-all px-2 py-0.5 font-semibold">{now ?? NONE}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
