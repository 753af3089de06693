import type { CallsOf } from "./documents";

/** Services that instances of this one have called, with how many of them did. */
export function dependenciesOf(instances: readonly CallsOf[]): { service: string; callers: number }[] {
  const callers = new Map<string, number>();
  for (const { dependencies } of instances)
    for (const service of dependencies) callers.set(service, (callers.get(service) ?? 0) + 1);
  return [...callers]
    .map(([service, n]) => ({ service, callers: n }))
    .sort((a, b) => a.service.localeCompare(b.service));
}

/** What the service answers to: methods, commands and events, each once. */
export function capabilitiesOf(instances: readonly CallsOf[]): string[] {
  return [...new Set(instances.flatMap(({ capabilities }) => capabilities))].sort();
}
