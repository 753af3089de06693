import { compareNatural } from "@/shared/lib/utils";
import { type Content, contentOf } from "./content";
import { type Change, changesBetween } from "./diff";
import type { Definition } from "./documents";
import type { Entry } from "./transfer-file";

export type Action = "define" | "amend" | "reinstate" | "retire" | "unchanged";

/** What is to be done with one service. */
export interface Step {
  service: string;
  action: Action;
  changes: Change[];
  /** What it is to say; null where it goes out of use. */
  content: Content | null;
  /** What the step was planned on; null where there is no definition. */
  revision: number | null;
}

export const signs: Record<Action, string> = {
  define: "+",
  amend: "~",
  reinstate: "^",
  retire: "−",
  unchanged: "=",
};

/**
 * What it takes to make the definitions what the file says, in order of services: the same as `aegis definitions apply`.
 * With `prune`, what is in use and not in the file goes out of use.
 */
export function planOf(
  entries: readonly Entry[],
  standing: readonly Definition[],
  prune: boolean,
): readonly Step[] {
  const known = new Map(standing.map((each) => [each.service, each]));
  const steps = entries.map((entry) => stepOf(entry, known.get(entry.service)));
  if (prune) {
    const named = new Set(entries.map(({ service }) => service));
    const surplus = standing.filter(({ service, status }) => status === "ACTIVE" && !named.has(service));
    steps.push(...surplus.map(retired));
  }
  return steps.sort((a, b) => compareNatural(a.service, b.service));
}

function stepOf({ service, content }: Entry, before: Definition | undefined): Step {
  const changes = changesBetween(before ? contentOf(before) : null, content);
  const revision = before ? Number(before.revision) : null;
  return { service, action: actionOf(before, changes), changes, content, revision };
}

function actionOf(before: Definition | undefined, changes: readonly Change[]): Action {
  if (!before) return "define";
  if (before.status === "RETIRED") return "reinstate";
  return changes.length === 0 ? "unchanged" : "amend";
}

const retired = ({ service, revision }: Definition): Step => ({
  service,
  action: "retire",
  changes: [],
  content: null,
  revision: Number(revision),
});

/** Those that do something. */
export const todo = (steps: readonly Step[]): readonly Step[] =>
  steps.filter(({ action }) => action !== "unchanged");
