import type { AppError } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";
import type { Step } from "./plan";
import { amend, define, failureOf, type Outcome, reinstate, retire } from "./save";

export type Result = { kind: "done"; revision: Whole; sequence: Whole } | { kind: "failed"; error: AppError };

async function run(step: Step, reason: string): Promise<Outcome> {
  const { service, action, content, changes } = step;
  const revision = step.revision ?? 0;
  if (action === "retire" || content === null) return retire(service, revision, reason);
  if (action === "define") return define(service, content, reason);
  if (action === "amend") return amend(service, revision, content, reason);
  const back = await reinstate(service, revision, reason);
  if (back.kind !== "done" || changes.length === 0) return back;
  return amend(service, back.revision, content, reason);
}

/** One step after the other; one that fails does not hold up the others. */
export async function carryOut(
  steps: readonly Step[],
  reason: string,
  onResult: (service: string, result: Result) => void,
): Promise<void> {
  for (const step of steps) {
    const outcome = await run(step, reason);
    const error = failureOf(outcome);
    if (outcome.kind === "done") onResult(step.service, outcome);
    else if (error) onResult(step.service, { kind: "failed", error });
  }
}
