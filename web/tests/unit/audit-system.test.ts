import { describe, expect, it } from "vitest";
import { actionOf, actionTypes, letterOf, nameOf, reasonOf, scopeOf } from "@/features/audit/deeds";
import { takes, toServer } from "@/features/audit/view-state";
import { findingsOf } from "@/features/system/findings";
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
