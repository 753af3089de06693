import type { Whole } from "@/shared/graphql/exact";
import type { Verification } from "./documents";

export type ChainState =
  | { kind: "verified"; position: Whole; at: string }
  | { kind: "broken"; findings: Whole; first: string | null; at: string }
  | { kind: "failed"; message: string }
  | { kind: "running"; position: Whole }
  | { kind: "none" };

/** What the last verification says of the log. */
export function chainStateOf(last: Verification | null): ChainState {
  if (last === null) return { kind: "none" };
  const { status, position, endedAt, begunAt, findings, findingCount, message } = last;
  const at = endedAt ?? begunAt;
  switch (status) {
    case "RUNNING":
      return { kind: "running", position };
    case "CLEAN":
      return { kind: "verified", position, at };
    case "FINDINGS":
      return { kind: "broken", findings: findingCount, first: findings[0]?.detail ?? null, at };
    case "FAILED":
      return { kind: "failed", message: message ?? "the log cannot be read" };
  }
}

/** What it says of one event of it. */
export function markOf(last: Verification | null, sequence: Whole): ChainState {
  const state = chainStateOf(last);
  // What was recorded after it was not looked at.
  return state.kind === "verified" && state.position < sequence ? { kind: "none" } : state;
}
