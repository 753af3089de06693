import { highest, type Whole } from "@/shared/graphql/exact";
import { Ring } from "@/shared/live/ring";
import type { Instance, InstanceUpdate } from "./documents";

export const SAMPLES = 60;

/** Calls per second of one instance, one sample per heartbeat, and errors over the same window. */
export interface Series {
  calls: Ring;
  lastBeatAt: string | null;
  errorPercent: number | null;
  totals: { calls: number; errors: number } | null;
}

/**
 * The live registry: changed in place as messages arrive, read when the page paints. Instances themselves
 * are never mutated, so that an unchanged row keeps its identity.
 */
export interface Registry {
  instances: Map<string, Instance>;
  series: Map<string, Series>;
  asOf: Whole;
}

export const emptyRegistry = (): Registry => ({ instances: new Map(), series: new Map(), asOf: 0 });

export function applyUpdate(registry: Registry, update: InstanceUpdate): void {
  if (update.__typename === "InstanceSnapshot") {
    const present = new Set(update.instances.map((each) => each.id));
    for (const id of [...registry.instances.keys()]) if (!present.has(id)) forget(registry, id);
    // A snapshot is the truth even where it is older than what is known: the server may have been rebuilt.
    for (const each of update.instances) put(registry, each);
    registry.asOf = update.asOfSequence;
    return;
  }
  for (const each of update.changed) {
    const known = registry.instances.get(each.id);
    if (!known || each.asOfSequence >= known.asOfSequence) put(registry, each);
  }
  for (const id of update.removed) forget(registry, id);
  registry.asOf = highest(registry.asOf, update.asOfSequence);
}

function forget(registry: Registry, id: string): void {
  registry.instances.delete(id);
  registry.series.delete(id);
}

function put(registry: Registry, instance: Instance): void {
  registry.instances.set(instance.id, instance);
  let series = registry.series.get(instance.id);
  if (!series) {
    series = { calls: new Ring(SAMPLES), lastBeatAt: null, errorPercent: null, totals: null };
    registry.series.set(instance.id, series);
  }
  if (instance.metrics && instance.lastBeatAt !== series.lastBeatAt) sample(series, instance.metrics);
  series.lastBeatAt = instance.lastBeatAt;
}

function sample(series: Series, metrics: NonNullable<Instance["metrics"]>): void {
  series.calls.push(metrics.callsPerSecond);
  const before = series.totals;
  series.totals = { calls: Number(metrics.calls), errors: Number(metrics.errors) };
  // A restarted instance counts from zero again: its first beat is its own window.
  const restarted = before !== null && series.totals.calls < before.calls;
  const calls = series.totals.calls - (before && !restarted ? before.calls : 0);
  const errors = series.totals.errors - (before && !restarted ? before.errors : 0);
  series.errorPercent = calls > 0 ? (100 * Math.max(0, errors)) / calls : errors > 0 ? 100 : 0;
}
