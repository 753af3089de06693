import { cn } from "@/shared/lib/utils";
import { EventLink } from "@/shared/ui/object-link";
import type { Result } from "./carry-out";
import { ChangeList } from "./change-list";
import { type Action, type Step, signs } from "./plan";

const tone: Record<Action, string> = {
  define: "text-ok",
  amend: "text-start",
  reinstate: "text-start",
  retire: "text-bad",
  unchanged: "text-muted-foreground",
};

/** What would be done, service by service, and what became of it. */
export function PlanList({
  steps,
  results,
}: {
  steps: readonly Step[];
  results: ReadonlyMap<string, Result>;
}) {
  const counts = new Map<Action, number>();
  for (const { action } of steps) counts.set(action, (counts.get(action) ?? 0) + 1);
  return (
    <section aria-label="Plan">
      <p className="mb-1 text-muted-foreground text-xs">
        {[...counts].map(([action, n]) => `${signs[action]} ${n} ${action}`).join(" · ") ||
          "The file is empty."}
      </p>
      <ul className="rounded border border-border">
        {steps.map((step) => (
          <li
            key={step.service}
            data-testid="plan-step"
            data-action={step.action}
            className="border-border border-b px-2 py-1 last:border-b-0"
          >
            <div className="flex items-center gap-2">
              <span aria-hidden="true" className={cn("w-3 font-mono font-semibold", tone[step.action])}>
                {signs[step.action]}
              </span>
              <span className="font-medium">{step.service}</span>
              <span className="text-muted-foreground">{step.action}</span>
              <span className="ml-auto">
                <Told result={results.get(step.service)} />
              </span>
            </div>
            {step.changes.length > 0 && (
              <div className="mt-1 pl-5 text-xs">
                <ChangeList changes={step.changes} none="" />
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Told({ result }: { result: Result | undefined }) {
  if (!result) return null;
  if (result.kind === "done") {
    return (
      <span className="inline-flex items-center gap-1 text-ok">
        revision {result.revision}, <EventLink sequence={result.sequence} />
      </span>
    );
  }
  return (
    <span className="text-bad">
      {result.error.message} <span className="font-mono text-xs">{result.error.code}</span>
    </span>
  );
}
