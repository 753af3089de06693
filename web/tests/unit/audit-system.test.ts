import { describe, expect, it } from "vitest";
import {
  actionOf,
  actionTypes,
  consumerOf,
  letterOf,
  nameOf,
  reasonOf,
  scopeOf,
} from "@/features/audit/deeds";
import { takes, toServer } from "@/features/audit/view-state";
import type { LeaseStore, Replica, Stream, Subscription } from "@/features/system/documents";
import { findingsOf } from "@/features/system/findings";
import {
  eventsOf,
  ofLeaseStore,
  ofReplicas,
  ofStreams,
  ofSubscriptions,
} from "@/features/system/parts-findings";
import type { Event } from "@/shared/events/documents";

const deed = (over: Partial<Event> = {}): Event => ({
  id: "e-1",
  sequence: 1,
  type: "aegis.instance.drain_requested.v1",
  kind: "INSTANCE",
  aggregate: "instance.desk.desk-1",
  service: "desk",
  aggregateVersion: 4,
  time: "2026-01-02T03:04:05Z",
  recordedAt: "2026-01-02T03:04:05Z",
  actor: "user:alice",
  correlationId: null,
  causationId: null,
  summary: "desk-1 asked to drain",
  data: { reason: "a new disk" },
  ...over,
});

describe("the audit", () => {
  const all = { q: "", actor: "", action: "" };

  it("names action, object and reason", () => {
    expect([actionOf(deed()), nameOf(deed()), reasonOf(deed())]).toEqual(["Drain", "desk-1", "a new disk"]);
    expect(reasonOf(deed({ data: null }))).toBeNull();
    const data = { service: "desk", group: "A", reason: "r" };
    expect(scopeOf(deed({ data }))).toEqual({ service: "desk", group: "A" });
    expect(scopeOf(deed({ data: { ...data, group: null } }))?.group).toBeNull();
    expect(scopeOf(deed())).toBeNull();
    const letter = deed({ service: null, data: { sequence: 41, subject: "events.x", reason: "r" } });
    expect(letterOf(letter)).toBe("letter 41, events.x");
    const consumer = deed({
      service: null,
      data: { stream: "EVENTS", consumer: "desk-trades", reason: "r" },
    });
    expect(consumerOf(consumer)).toBe("desk-trades of EVENTS");
    expect([letterOf(consumer), consumerOf(letter)]).toEqual([null, null]);
  });

  it("asks for what people do, and takes the same of what arrives", () => {
    expect(toServer(all, null)).toEqual({ types: actionTypes });
    expect(takes(all, deed())).toBe(true);
    expect(takes(all, deed({ type: "aegis.instance.registered.v1" }))).toBe(false);
    expect(takes({ ...all, actor: "user:bob" }, deed())).toBe(false);
    expect(takes({ ...all, action: "aegis.definition.retired.v1" }, deed())).toBe(false);
    expect(takes({ ...all, q: "DRAIN" }, deed())).toBe(true);
  });
});

describe("findings", () => {
  const well = {
    version: "1",
    namespace: "aegis",
    time: "2026-01-02T03:04:05Z",
    history: "",
    asOfSequence: 10,
    headSequence: 10,
    projectionLag: 0,
    rebuilding: false,
    rebuildSequence: null,
    logGaps: 0,
    natsConnected: true,
    heartbeatsVisible: true,
    newestBeatAt: null,
    selfPreservation: null,
    maintenances: [],
    switchovers: [],
    deadLetters: 0,
    problems: [],
  };
  const ids = (over: object): string[] => findingsOf({ ...well, ...over }).map(({ id }) => id);

  it("are none when all is well", () => {
    expect(ids({})).toEqual([]);
  });

  it("have ids that stay, the worst first", () => {
    const problem = { part: "registry", code: "PARTLY_READ", message: "of 2.0", since: well.time };
    expect(
      ids({ natsConnected: false, heartbeatsVisible: false, deadLetters: 3, problems: [problem] }),
    ).toEqual(["nats/NOT_ANSWERING", "messages/DEAD_LETTERS", "registry/PARTLY_READ"]);
    expect(ids({ projectionLag: 501, rebuilding: true })).toEqual([
      "projection/BEHIND",
      "projection/REBUILDING",
    ]);
    expect(ids({ heartbeatsVisible: false })).toEqual(["heartbeats/NOT_VISIBLE"]);
  });

  it("say what the server says of a code that is not known here", () => {
    const [finding] = findingsOf({
      ...well,
      problems: [{ part: "leases", code: "NEW_CODE", message: "do this", since: well.time }],
    });
    expect(finding).toMatchObject({ id: "leases/NEW_CODE", severity: "bad", evidence: "Do this." });
  });
});

describe("findings of the parts", () => {
  const ids = (found: { id: string; severity: string }[]) =>
    found.map(({ id, severity }) => `${severity} ${id}`);
  const replica = (over: Partial<Replica> = {}): Replica => ({
    id: "aaaaaaaa-1",
    host: "one",
    version: "0.1.0",
    startedAt: "2026-01-02T03:04:05Z",
    asOfSequence: 10,
    projectionLag: 0,
    rebuildSequence: null,
    verifying: false,
    natsServer: "nats-1",
    heartbeatsVisible: true,
    problems: 0,
    mine: true,
    ...over,
  });

  it("tell of other replicas, and of versions that differ", () => {
    expect(ofReplicas([replica({ problems: 2 })])).toEqual([]);
    const other = replica({
      id: "bbbbbbbb-2",
      mine: false,
      version: "0.2.0",
      projectionLag: 900,
      problems: 1,
    });
    const found = ofReplicas([replica(), other]);
    expect(ids(found)).toEqual(["info replicas/VERSIONS_DIFFER", "warn replicas/bbbbbbbb/NOT_WELL"]);
    expect(found[1]?.evidence).toBe("one (bbbbbbbb): 900 events behind, 1 problem.");
  });

  const store = (over: Partial<LeaseStore> = {}): LeaseStore => ({
    kind: "KV",
    stream: "KV_aegis_leases",
    replicas: 3,
    replicasCurrent: 3,
    jetStreamLeader: "nats-1",
    readMs: 0.4,
    nodes: [],
    ...over,
  });

  it("tell of a lease store that is silent, slow, or lacks copies", () => {
    expect(ofLeaseStore(store())).toEqual([]);
    expect(ids(ofLeaseStore(store({ readMs: null })))).toEqual(["bad leases/NOT_ANSWERING"]);
    expect(ids(ofLeaseStore(store({ readMs: 140 })))).toEqual(["warn leases/SLOW"]);
    expect(ids(ofLeaseStore(store({ replicasCurrent: 2 })))).toEqual([
      "warn leases/KV_aegis_leases/COPIES_MISSING",
    ]);
    expect(ids(ofLeaseStore(store({ replicasCurrent: 1 })))).toEqual([
      "bad leases/KV_aegis_leases/COPIES_MISSING",
    ]);
  });

  const stream = (over: Partial<Stream> = {}): Stream => ({
    name: "AEGIS_EVENTS",
    messages: 10,
    bytes: 1_000,
    firstSequence: 1,
    firstAt: null,
    lastAt: null,
    bytesPerDay: null,
    daysLeft: null,
    replicas: 3,
    replicasCurrent: 3,
    jetStreamLeader: "nats-1",
    consumers: 1,
    maxBytes: 1_024,
    maxAgeSeconds: null,
    ...over,
  });

  it("tell of streams that fill up, lack copies or a leader, and of the room there is, each once", () => {
    const storage = { usedBytes: 900, limitBytes: 1_024, bytesPerDay: 200, daysLeft: 0.6 };
    expect(ofStreams([stream()], null, "KV_aegis_leases")).toEqual([]);
    expect(ids(ofStreams([stream({ daysLeft: 3 })], storage, ""))).toEqual([
      "warn streams/AEGIS_EVENTS/FILLS_UP",
      "bad storage/FILLS_UP",
    ]);
    const broken = stream({ replicasCurrent: 1, jetStreamLeader: null });
    expect(ids(ofStreams([broken], null, ""))).toEqual([
      "bad streams/AEGIS_EVENTS/COPIES_MISSING",
      "bad streams/AEGIS_EVENTS/NO_LEADER",
    ]);
    expect(ids(ofStreams([broken], null, "AEGIS_EVENTS"))).toEqual(["bad streams/AEGIS_EVENTS/NO_LEADER"]);
  });

  it("tell of durable subscriptions that the stream of events has left behind, and of no others", () => {
    const events = stream({ name: "DEV-EVENTS", firstSequence: 42 });
    expect(eventsOf([stream(), events])).toBe(events);
    expect(eventsOf([stream(), stream({ name: "EVENTS" })])?.name).toBe("EVENTS");
    expect(eventsOf([stream()])).toBeUndefined();
    const reader = (name: string, deliveredSequence: number, over: Partial<Subscription> = {}) => ({
      stream: "DEV-EVENTS",
      name,
      durable: true,
      waiting: 1,
      deliveredSequence,
      ...over,
    });
    const found = ofSubscriptions(events, [
      reader("desk-orders", 40, { waiting: 0 }),
      reader("in-time", 41),
      reader("passing", 3, { durable: false }),
      reader("of-another", 3, { stream: "EVENTS" }),
    ]);
    expect(ids(found)).toEqual(["warn subscriptions/desk-orders/LOST_EVENTS"]);
    expect(found[0]?.evidence).toBe(
      "desk-orders has had DEV-EVENTS up to 40, and that begins at 42 now; nobody reads it.",
    );
  });
});
