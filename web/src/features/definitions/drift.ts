import { BookX, GitCommitHorizontal, TrendingDown, TrendingUp } from "lucide-react";
import type { FlagOf } from "@/shared/status/flag";
import { hasEnded } from "@/shared/status/status";
import type { Definition, Running } from "./documents";

type Live = Pick<Running, "status" | "version">;

/** The versions that run, each with how many instances, the most first. */
export function versionsOf(running: readonly Live[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { status, version } of running)
    if (!hasEnded(status)) counts.set(version, (counts.get(version) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

export const aliveOf = (running: readonly Live[]): number =>
  running.filter(({ status }) => !hasEnded(status)).length;

/** In what the running service is not as its definition says. */
export function driftOf(definition: Definition, running: readonly Live[]): FlagOf[] {
  if (definition.status === "RETIRED") {
    const alive = aliveOf(running);
    if (alive === 0) return [];
    const title = `${alive} of it run, though the definition is retired`;
    return [
      { key: "retired", word: "still runs", icon: BookX, warn: definition.registration !== "OPEN", title },
    ];
  }
  const flags: FlagOf[] = [];
  const alive = aliveOf(running);
  const { minInstances: min, maxInstances: max, version } = definition;
  if (min !== null && alive < min) {
    const title = `${alive} of at least ${min} run`;
    flags.push({ key: "below", word: "below minimum", icon: TrendingDown, warn: true, title });
  }
  if (max !== null && alive > max) {
    const title = `${alive} run, more than ${max}`;
    flags.push({ key: "above", word: "above maximum", icon: TrendingUp, warn: true, title });
  }
  const others = versionsOf(running).filter(([found]) => found !== version);
  if (others.length > 0) {
    const title = `${others.map(([found, n]) => `${n} run ${found}`).join(", ")}, not ${version}`;
    flags.push({ key: "version", word: "version drift", icon: GitCommitHorizontal, warn: true, title });
  }
  return flags;
}
