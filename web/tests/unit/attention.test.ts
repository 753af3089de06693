import { describe, expect, it } from "vitest";
import { attentionOf, type Situation } from "@/shared/attention/attention";
import { failoversOf } from "@/shared/attention/failovers";
import type { Event } from "@/shared/events/documents";
import { World } from "../mock/world";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const iso = (ago: number): string => new Date(NOW - ago).toISOString();
const [running] = [...new World({ now: () => NOW, troubled: false }).instances.values()];
if (!running) throw new Error("the mock world has instances");
const one = (change: Partial<typeof running>) => ({ ...running, ...change });

const calm: Situation = {
  now: NOW,
  system: null,
  troubled: [],
  services: new Map(),
  ownerless: [],
  failovers: [],
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
  problems: [],
};

describe("what needs somebody", () => {
  const expired = one({ service: "desk", instance: "desk-1", status: "EXPIRED", statusSince: iso(60_000) });

  it("is one who is gone only while the service lacks it", () => {
    const at = (running_: number, minimum: number | null) =>
      attentionOf({
        ...calm,
        troubled: [expired],
        services: new Map([["desk", { running: running_, minimum }]]),
      }).map(({ severity, subject, text }) => [severity, subject, text]);
    expect(at(3, 4)).toEqual([["bad", "desk", "3 of at least 4 run; desk-1 expired"]]);
    expect(at(4, 4)).toEqual([]);
    expect(at(1, null)).toEqual([]);
    expect(at(0, null)[0]?.[2]).toBe("none runs; desk-1 expired");
  });

  it("folds the troubled of one service into one item", () => {
    const failed = one({ id: "desk/desk-2", service: "desk", instance: "desk-2", status: "FAILED" });
    const items = attentionOf({ ...calm, troubled: [failed, expired] });
    expect(items).toHaveLength(1);
    expect(items[0]?.text).toBe("desk-2 failed, and 1 other");
  });

  it("lets an unhealthy one ten seconds to come back by itself", () => {
    const at = (ms: number) =>
      attentionOf({ ...calm, troubled: [one({ status: "UNHEALTHY", statusSince: iso(ms) })] });
    expect(at(9_000)).toEqual([]);
    expect(at(10_000)[0]?.severity).toBe("warn");
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
        reason: "lost",
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
      text: "failover: 2 groups left desk-1; longest gap 1.01 s",
    });
  });

  it("are no longer told after an hour", () => {
    const failovers = failoversOf([elected(1, "A", 3_600_001, lost)]);
    expect(attentionOf({ ...calm, failovers })).toEqual([]);
  });
});
