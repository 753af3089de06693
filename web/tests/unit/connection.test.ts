import { describe, expect, it } from "vitest";
import { lookOf } from "@/app/bar/freshness-badge";
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
    expect(staleMoment(refused)).toBe(5_000);
    expect(nextConnection(refused, { type: "stopped" })).toEqual(idle);
    expect(nextConnection({ kind: "denied" }, { type: "refused", reason: "no" })).toEqual({ kind: "denied" });
  });

  it("is said in words, with the attempt and the wait", () => {
    const state = { kind: "reconnecting", attempt: 3, nextInSeconds: 2, since: 5_000 } as const;
    expect(lookOf(state, "utc").text).toBe("Reconnecting, try 3, next in 2 s");
    expect(lookOf({ ...state, nextInSeconds: 0 }, "utc").text).toContain("trying now");
    expect(lookOf({ kind: "delayed", seconds: 4 }, "utc").text).toBe("Delayed 4 s");
    const since = Date.parse("2026-01-02T12:51:40Z");
    expect(lookOf({ kind: "blind", since }, "utc").text).toBe("Cannot see since 12:51:40");
    expect(lookOf({ kind: "live" }, "utc").text).toBe("Live");
  });
});

describe("waits between attempts", () => {
  it("grow, with jitter, and stay under five seconds", () => {
    expect([backoffMs(0, 0), backoffMs(0, 0.999)]).toEqual([125, 250]);
    expect(backoffMs(3, 0)).toBe(1_000);
    expect(Math.max(...[5, 50, 5_000].map((n) => backoffMs(n, 0.999)))).toBeLessThanOrEqual(5_000);
  });
});
