import type { CallsOf } from "./documents";

/** What a service answers to: methods, commands and events, each once. */
export function capabilitiesOf(instances: readonly CallsOf[]): string[] {
  return [...new Set(instances.flatMap(({ capabilities }) => capabilities))].sort();
}
