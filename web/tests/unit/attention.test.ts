import { describe, expect, it } from "vitest";
import { attentionOf, type Situation } from "@/shared/attention/attention";
import type { InNeed } from "@/shared/attention/documents";
import { failoversOf } from "@/shared/attention/failovers";
import type { Event } from "@/shared/events/documents";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const iso = (ago: number): string => new Date(NOW - ago).toISOString();
const service = (change: Partial<InNeed>): InNeed => ({
  name: "desk",
  definition: null,
  counts: [],
  worst: "RUNNING",
  since: iso(60_000),
  reason: null,
  instance: "desk-1",
  flapping: 0,
  belowMinimum: false,
  ...change,
});

const calm: Situation = {
  now: NOW,
  system: null,
  services: [],
  ownerless: [],
  failovers: [],
  breaches: [],
};
const system = {
  version: "0.1.0",
  namespace: "aegis",
  time: iso(0),
  asOfSequence: 1,
  headSequence: 1,
  projectionLag: 0,
  natsConnected: true,
  deadLetters: 0,
  heartbeatsVisible: true,
  selfPreservation: null,
  maintenances: [],
  switchovers: [],
  problems: [],
  newestBeatAt: null,
};

describe("what needs somebody", () => {
  const items = (change: Partial<InNeed>) => attentionOf({ ...calm, services: [service(change)] });

  it("is a service that has too few, with the instance that is worst", () => {
    const counts = [{ status: "RUNNING", count: 3 }] as const;
    const [item] = items({
      worst: "EXPIRED",
      belowMinimum: true,
      definition: { minInstances: 4 },
      counts: [...counts],
    });
    expect([item?.severity, item?.subject, item?.text]).toEqual([
      "bad",
      "desk",
      "3 of at least 4 run; desk-1 expired",
    ]);
    expect(items({ worst: "EXPIRED" })[0]?.text).toBe("none runs; desk-1 expired");
    expect(items({ worst: "FAILED", reason: "out of memory", counts: [...counts] })[0]?.text).toBe(
      "desk-1 failed: out of memory",
    );
  });

  it("lets an unhealthy one ten seconds to come back by itself", () => {
    expect(items({ worst: "UNHEALTHY", since: iso(9_000) })).toEqual([]);
    expect(items({ worst: "UNHEALTHY", since: iso(10_000) })[0]?.severity).toBe("warn");
    expect(items({ flapping: 2 })[0]?.text).toBe("2 instances flapping");
  });

  it("names a group without owner, and what the control plane lacks", () => {
    const ownerless = [
      {
        id: "desk/A",
        service: "desk",
        group: "A",
        term: 3,
        instance: null,
        since: iso(1_000),
      },
    ];
    const items = attentionOf({ ...calm, ownerless, system: { ...system, natsConnected: false } });
    expect(items.map(({ text }) => text)).toEqual(["has lost NATS; nothing new arrives", "A has no owner"]);
    const blind = attentionOf({ ...calm, system: { ...system, heartbeatsVisible: false } });
    expect(blind[0]?.text).toContain("cannot read the heartbeats");
    const selfPreservation = { since: iso(0), silent: 7, alive: 9 };
    expect(attentionOf({ ...calm, system: { ...system, selfPreservation } })[0]?.text).toContain(
      "cannot see 7 of 9",
    );
    expect(attentionOf({ ...calm, system: { ...system, projectionLag: 501 } })[0]?.severity).toBe("warn");
    expect(attentionOf({ ...calm, system })).toEqual([]);
  });
});

describe("failovers", () => {
  const elected = (sequence: number, group: string, ago: number, data: object): Event => ({
    id: `e-${sequence}`,
    sequence,
    type: "aegis.leadership.leader_elected.v1",
    kind: "LEADERSHIP",
    aggregate: `leadership.desk.${group}`,
    service: "desk",
    aggregateVersion: 1,
    time: iso(ago),
    recordedAt: iso(ago),
    actor: "sdk:desk",
    correlationId: null,
    causationId: null,
    summary: "",
    data,
  });
  const lost = { instance: "desk-2", previous: "desk-1", reason: "owner_lost" };

  it("are one for what one lost owner left, with the longest gap", () => {
    const found = failoversOf([
      elected(1, "A", 9_000, { ...lost, vacancy_ms: 900 }),
      elected(2, "B", 8_900, { ...lost, vacancy_ms: 1_010 }),
      elected(3, "C", 100, { ...lost, reason: "owner_resigned" }),
    ]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ from: "desk-1", groups: ["A", "B"], longestGapMs: 1_010 });
    const [item] = attentionOf({ ...calm, failovers: found });
    expect(item).toMatchObject({
      severity: "healed",
      text: "failover: 2 groups left desk-1; longest gap at most 1.01 s",
    });
  });

  it("say what has become of the owner: its groups have another one, and it may be gone", () => {
    const life = (sequence: number, type: string): Event => ({
      ...elected(sequence, "", 0, {}),
      type: `aegis.instance.${type}.v1`,
      kind: "INSTANCE",
      aggregate: "instance.desk.desk-1",
    });
    const loss = elected(1, "A", 9_000, { ...lost, vacancy_ms: 900 });
    const textOf = (...events: Event[]) =>
      attentionOf({ ...calm, failovers: failoversOf([loss, ...events]) })[0]?.text;
    expect(textOf()).toBe("failover: A left desk-1; longest gap at most 900 ms");
    expect(textOf(life(2, "unhealthy"), life(3, "expired"))).toContain("left desk-1 (expired);");
    expect(textOf(life(2, "expired"), life(3, "forgotten"))).toContain("left desk-1 (gone);");
    expect(textOf(life(2, "expired"), life(3, "registered"))).toContain("left desk-1 (back);");
  });

  it("are no longer told after an hour", () => {
    const failovers = failoversOf([elected(1, "A", 3_600_001, lost)]);
    expect(attentionOf({ ...calm, failovers })).toEqual([]);
  });
});
