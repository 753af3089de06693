import { BookX, GitCommitHorizontal, TrendingDown, TrendingUp } from "lucide-react";
import type { FlagOf } from "@/shared/status/flag";
import type { Definition } from "./documents";
import type { Alive } from "./running";

/** In what the running service is not as its definition says. */
export function driftOf(definition: Definition, { count, versions }: Alive): FlagOf[] {
  if (definition.status === "RETIRED") {
    if (count === 0) return [];
    const title = `${count} of it run, though the definition is retired`;
    return [
      { key: "retired", word: "still runs", icon: BookX, warn: definition.registration !== "OPEN", title },
    ];
  }
  const flags: FlagOf[] = [];
  const { minInstances: min, maxInstances: max, version } = definition;
  if (min !== null && count < min) {
    const title = `${count} of at least ${min} run`;
    flags.push({ key: "below", word: "below minimum", icon: TrendingDown, warn: true, title });
  }
  if (max !== null && count > max) {
    const title = `${count} run, more than ${max}`;
    flags.push({ key: "above", word: "above maximum", icon: TrendingUp, warn: true, title });
  }
  const others = versions.filter(([found]) => found !== version);
  if (others.length > 0) {
    const title = `${others.map(([found, n]) => `${n} run ${found}`).join(", ")}, not ${version}`;
    flags.push({ key: "version", word: "version drift", icon: GitCommitHorizontal, warn: true, title });
  }
  return flags;
}
