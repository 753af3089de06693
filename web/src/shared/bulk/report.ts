import { csvOf } from "@/shared/lib/csv";
import type { Outcome } from "./run";
import type { Preview } from "./use-previews";

interface Line {
  service: string;
  name: string;
  preview: Preview | undefined;
  outcome: Outcome | undefined;
}

/** What would become of each, and what has, as a table. */
export function reportOf(action: string, why: string, lines: readonly Line[]): string {
  const head = ["action", "for", "service", "name", "preview", "state", "result", "recorded as seq", "code"];
  return csvOf([
    head,
    ...lines.map(({ service, name, preview, outcome }) => [
      action,
      why,
      service,
      name,
      preview?.text ?? null,
      ...stateOf(preview, outcome),
    ]),
  ]);
}

function stateOf(
  preview: Preview | undefined,
  outcome: Outcome | undefined,
): (string | number | bigint | null)[] {
  if (outcome === undefined) return [preview?.blocked ? "left out" : "not done", null, null, null];
  if (outcome.kind === "done") return ["done", outcome.text, outcome.recorded ?? null, null];
  return ["failed", outcome.error.message, null, outcome.error.code];
}
