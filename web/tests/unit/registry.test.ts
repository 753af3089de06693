import { describe, expect, it } from "vitest";
import type { Instance } from "@/features/dashboard/documents";
import { applyUpdate, emptyRegistry, SAMPLES } from "@/features/dashboard/registry";
import { newInstance } from "../mock/fleet";

const at = "2026-01-02T03:04:05.000Z";
const make = (name: string, change: Partial<Instance> = {}): Instance => ({
  ...newInstance("trading-service", name, "1.0.0", at, 5),
  ...change,
});
const metrics = (calls: number, errors: number, callsPerSecond = 1) => ({
  inFlight: 0,
  queueDepth: 0,
  p99Ms: 1,
  calls,
  errors,
  callsPerSecond,
});
const snapshot = (asOfSequence: number, ...instances: Instance[]) =>
  ({ __typename: "InstanceSnapshot", instances, asOfSequence }) as const;
const delta = (asOfSequence: number, changed: Instance[], removed: string[] = []) =>
  ({ __typename: "InstanceDelta", changed, removed, asOfSequence }) as const;

describe("the live registry", () => {
  it("takes a snapshot as the whole truth", () => {
    const registry = emptyRegistry();
    applyUpdate(registry, snapshot(9, make("a"), make("b")));
    applyUpdate(registry, snapshot(3, make("b")));
    expect([...registry.instances.keys()]).toEqual(["trading-service/b"]);
    expect([...registry.series.keys()]).toEqual(["trading-service/b"]);
    expect(registry.asOf).toBe(3);
  });

  it("applies a delta and forgets what is gone", () => {
    const registry = emptyRegistry();
    const b = make("b");
    applyUpdate(registry, snapshot(5, make("a"), b));
    applyUpdate(registry, delta(6, [make("c", { asOfSequence: 6 })], ["trading-service/a"]));
    expect([...registry.instances.keys()]).toEqual(["trading-service/b", "trading-service/c"]);
    expect(registry.instances.get("trading-service/b")).toBe(b);
    expect(registry.asOf).toBe(6);
  });

  it("refuses a delta that is older than what it knows, and takes a beat at the same sequence", () => {
    const registry = emptyRegistry();
    applyUpdate(registry, snapshot(8, make("a", { asOfSequence: 8, status: "FAILED" })));
    applyUpdate(registry, delta(8, [make("a", { asOfSequence: 7 })]));
    expect(registry.instances.get("trading-service/a")?.status).toBe("FAILED");
    applyUpdate(registry, delta(8, [make("a", { asOfSequence: 8, status: "FAILED", lastBeatAt: at })]));
    expect(registry.instances.get("trading-service/a")?.lastBeatAt).toBe(at);
  });

  it("samples once per heartbeat, however often the instance is sent", () => {
    const registry = emptyRegistry();
    const beat = (lastBeatAt: string, rate: number) =>
      make("a", { lastBeatAt, metrics: metrics(1, 0, rate) });
    applyUpdate(registry, snapshot(5, beat("t1", 10)));
    applyUpdate(registry, delta(5, [beat("t1", 10)]));
    applyUpdate(registry, delta(5, [beat("t2", 20)]));
    expect(registry.series.get("trading-service/a")?.calls.values()).toEqual([10, 20]);
    for (let n = 0; n < SAMPLES + 5; n++) applyUpdate(registry, delta(5, [beat(`u${n}`, n)]));
    expect(registry.series.get("trading-service/a")?.calls.length).toBe(SAMPLES);
  });

  it("gives errors over the window since the beat before, and starts again after a restart", () => {
    const registry = emptyRegistry();
    const errorsAfter = (lastBeatAt: string, calls: number, errors: number) => {
      applyUpdate(registry, delta(5, [make("a", { lastBeatAt, metrics: metrics(calls, errors) })]));
      return registry.series.get("trading-service/a")?.errorPercent;
    };
    expect(errorsAfter("t1", 1000, 10)).toBe(1);
    expect(errorsAfter("t2", 1100, 15)).toBe(5);
    expect(errorsAfter("t3", 1100, 15)).toBe(0);
    expect(errorsAfter("t4", 50, 1)).toBe(2);
  });
});
