import { describe, expect, it } from "vitest";
import { warnings } from "@/app/banner";
import { lookOf } from "@/app/connection-badge";
import { backoffMs } from "@/shared/connection/backoff";
import {
  type Connection,
  type ConnectionEvent,
  idle,
  nextConnection,
  staleMoment,
} from "@/shared/connection/machine";

const run = (...events: ConnectionEvent[]): Connection => events.reduce(nextConnection, idle);

describe("the connection", () => {
  const lost: ConnectionEvent[] = [
    { type: "opening" },
    { type: "opened", at: 1_000 },
    { type: "lost", at: 5_000 },
  ];

  it("becomes live once the server has acknowledged", () => {
    expect(run({ type: "opening" })).toEqual({ kind: "connecting" });
    expect(run({ type: "opening" }, { type: "opened", at: 7 })).toEqual({ kind: "live", since: 7 });
  });

  it("is stale from the loss on, through every attempt", () => {
    const waiting = run(
      ...lost,
      { type: "waiting", attempt: 1, nextAt: 5_400 },
      { type: "opening" },
      { type: "lost", at: 6_000 },
    );
    expect(staleMoment(waiting)).toBe(5_000);
    const second = nextConnection(waiting, { type: "waiting", attempt: 2, nextAt: 7_000 });
    expect(second).toEqual({ kind: "reconnecting", attempt: 2, nextAt: 7_000, staleSince: 5_000 });
    expect(staleMoment(nextConnection(second, { type: "opened", at: 7_100 }))).toBeNull();
  });

  it("has nothing stale while it has never been live", () => {
    expect(staleMoment(run({ type: "opening" }, { type: "lost", at: 5 }))).toBeNull();
  });

  it("stays denied, whatever the socket still says", () => {
    const denied = run(
      ...lost,
      { type: "denied" },
      { type: "lost", at: 9 },
      { type: "waiting", attempt: 1, nextAt: 10 },
    );
    expect(denied).toEqual({ kind: "denied" });
    expect(nextConnection(denied, { type: "stopped" })).toEqual({ kind: "denied" });
  });

  it("stays refused with its reason and what is stale, until it is begun anew", () => {
    const refused = run(...lost, { type: "refused", reason: "no" }, { type: "lost", at: 9 });
    expect(refused).toEqual({ kind: "refused", reason: "no", staleSince: 5_000 });
    expect([staleMoment(refused), lookOf(refused, 0).text]).toEqual([5_000, "Refused"]);
    expect(nextConnection(refused, { type: "stopped" })).toEqual(idle);
    expect(nextConnection({ kind: "denied" }, { type: "refused", reason: "no" })).toEqual({ kind: "denied" });
  });

  it("is said in words, with the attempt and the wait", () => {
    const state = run(...lost, { type: "waiting", attempt: 3, nextAt: 12_000 });
    expect(lookOf(state, 10_000).text).toBe("Reconnecting, attempt 3, next in 2s · stale for 5s");
    expect(lookOf(nextConnection(state, { type: "opening" }), 12_000).text).toContain("trying now");
    expect(lookOf({ kind: "live", since: 0 }, 0).text).toBe("Live");
  });
});

describe("waits between attempts", () => {
  it("grow, with jitter, and stay under five seconds", () => {
    expect([backoffMs(0, 0), backoffMs(0, 0.999)]).toEqual([125, 250]);
    expect(backoffMs(3, 0)).toBe(1_000);
    expect(Math.max(...[5, 50, 5_000].map((n) => backoffMs(n, 0.999)))).toBeLessThanOrEqual(5_000);
  });
});

describe("warnings about the server", () => {
  const system = {
    version: "0.1.0",
    namespace: "aegis",
    time: "2026-01-02T03:04:05.000Z",
    asOfSequence: 1,
    headSequence: 1,
    projectionLag: 0,
    natsConnected: true,
    deadLetters: 0,
    heartbeatsVisible: true,
    selfPreservation: null,
    problems: [],
  };
  it("say since when most instances cannot be seen, and that none is marked down", () => {
    const selfPreservation = { since: "2026-01-02T07:26:26.123Z", silent: 7, alive: 9 };
    const [line] = warnings({ ...system, selfPreservation }, "utc");
    expect(line).toContain("cannot see most instances since 07:26:26 (7 of 9 were silent)");
    expect(line).toContain("none is marked down");
  });
  it("say that this replica is blind, unless it has lost NATS altogether", () => {
    const blind = { ...system, heartbeatsVisible: false };
    expect(warnings(blind, "utc")[0]).toContain("cannot read the heartbeats");
    expect(warnings({ ...blind, natsConnected: false }, "utc")).toHaveLength(1);
  });
  it("say what keeps the replica from being what it should be, and since when", () => {
    const message = "the file cannot be written, and readers are served from memory: disk full";
    const problem = { part: "registry", code: "UNWRITABLE", message, since: "2026-01-02T07:26:26.123Z" };
    expect(warnings({ ...system, problems: [problem] }, "utc")).toEqual([
      `registry, since 07:26:26: ${message}.`,
    ]);
  });
  it("say that NATS is lost and how far the projection is behind", () => {
    expect(warnings(system, "utc")).toEqual([]);
    expect(warnings({ ...system, natsConnected: false }, "utc")[0]).toContain("lost NATS");
    expect(warnings({ ...system, projectionLag: 9_000 }, "utc")[0]).toContain("9000 events behind");
  });
});
