import { afterEach, describe, expect, it, vi } from "vitest";
import { graphql } from "@/gql";
import { bytes, count, duration, latency, percent, rate } from "@/shared/figures/format";
import { client } from "@/shared/graphql/client";
import { errorFromBody, errorFromGraphQL, errorFromUrql } from "@/shared/graphql/errors";
import { standing } from "@/shared/graphql/http";
import { throttle } from "@/shared/live/throttle";
import { gridded } from "@/shared/metrics/sparks";
import { formatAge, formatSpan } from "@/shared/time/duration";
import { formatClock, formatMoment, formatSecond } from "@/shared/time/format";
import { defaultRange, momentOf, windowOf } from "@/shared/time/range";
import { sparkPath } from "@/shared/ui/sparkline";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

import { traceUrl } from "@/shared/traces/template";
import { chainStateOf, markOf } from "@/shared/verification/chain-state";
import type { Verification } from "@/shared/verification/documents";

describe("why a websocket fails", () => {
  const answers = (graphql: Response, websocket: Response) =>
    vi.stubGlobal("fetch", async (path: string) => (path.endsWith("/ws") ? websocket : graphql));
  const refusal = (code: string) =>
    new Response(JSON.stringify({ error: { code, message: "only pages of https://floor.example may" } }), {
      status: 403,
    });
  const wrongMethod = () => new Response(null, { status: 405 });

  it("is asked where queries go and where the websocket is", async () => {
    answers(new Response("{}"), wrongMethod());
    expect(await standing()).toBe("allowed");
    answers(new Response(null, { status: 401 }), refusal("FORBIDDEN"));
    expect(await standing()).toBe("denied");
    answers(new Response("{}"), refusal("FORBIDDEN"));
    expect(await standing()).toEqual({ refused: "only pages of https://floor.example may" });
    answers(new Response("<html>", { status: 403 }), refusal("SOMETHING_ELSE"));
    expect(await standing()).toBe("allowed");
    vi.stubGlobal("fetch", () => Promise.reject(new Error("down")));
    expect(await standing()).toBe("allowed");
  });
});

describe("times", () => {
  it.each([
    [-5_000, "0 s"],
    [999, "0 s"],
    [59_999, "59 s"],
    [61_000, "1 m 01 s"],
    [3_660_000, "1 h 01 m"],
    [90_000_000, "1 d 1 h"],
  ])("an age of %i ms is %s", (ms, expected) => {
    expect(formatAge(ms)).toBe(expected);
  });

  it("stand in the chosen zone, and nonsense as a dash", () => {
    expect(formatClock("2026-01-02T03:04:05.078Z", "utc")).toBe("03:04:05.078");
    expect(formatMoment("2026-01-02T03:04:05.678Z", "utc")).toBe("2026-01-02 03:04:05.678 UTC");
    expect(formatMoment("2026-01-02T03:04:05.678Z", "local")).toMatch(/[+−]\d\d:\d\d$/);
    expect(formatClock("never", "utc")).toBe("—");
  });
});

describe("spans", () => {
  it("have the unit that one reads them in", () => {
    expect([987, 1_012, 42_000, 252_000].map(formatSpan)).toEqual(["987 ms", "1.01 s", "42 s", "4 m 12 s"]);
  });

  it("of the address are moments, or the default", () => {
    const now = Date.parse("2026-01-02T00:00:00Z");
    expect(momentOf("now", now)).toBe(now);
    expect(momentOf("now-15m", now)).toBe(now - 900_000);
    expect(momentOf("soon", now)).toBeNull();
    expect(windowOf({ from: "now-1h", to: "now" }, now)).toEqual({ from: now - 3_600_000, to: now });
    expect(windowOf({ from: "now", to: "now-1h" }, now)).toEqual(windowOf(defaultRange, now));
  });

  it("of another day have the day before them", () => {
    const now = Date.parse("2026-01-02T12:00:00Z");
    expect(formatSecond("2026-01-02T03:04:05.678Z", "utc", now)).toBe("03:04:05");
    expect(formatSecond("2026-01-01T03:04:05.678Z", "utc", now)).toBe("01-01 03:04:05");
  });
});

describe("figures", () => {
  it("are short, and missing ones are no zeros", () => {
    expect([null, 0.42, 74.2, 1_200].map(duration)).toEqual(["—", "0.4 ms", "74 ms", "1.20 s"]);
    expect([null, 0, 0.42, 12.94, 74.2, 1_200].map(latency)).toEqual([
      "—",
      "0",
      "0.4",
      "12.9",
      "74",
      "1.20 s",
    ]);
    expect([null, 0, 3, 106.2, 12_400].map(rate)).toEqual(["—", "0", "3.0", "106", "12.4k"]);
    expect([null, 0, 0.001, 0.04, 1.23].map(percent)).toEqual(["—", "0", "<0.01", "0.04", "1.2"]);
    expect([null, 512, 88_080_384, 1_300_000_000].map(bytes)).toEqual(["—", "512 B", "84 MiB", "1.2 GiB"]);
    expect([1_234_567, 12n].map(count)).toEqual(["1\u2009234\u2009567", "12"]);
  });
});

describe("a sparkline", () => {
  it("draws the newest at the right edge, from zero up to the most", () => {
    expect(sparkPath([0, 10], 10)).toBe("M0.0 16.0L64.0 2.0");
  });

  it("leaves gaps as gaps", () => {
    expect(sparkPath([1, null, 1], 1)).toBe("M0.0 2.0M64.0 2.0");
    const at = (ms: number) => new Date(ms).toISOString();
    const points = [
      { at: at(0), callsPerSecond: 1 },
      { at: at(2_000), callsPerSecond: 3 },
    ];
    expect(gridded(points, 0, 4_000, 1_000)).toEqual([1, null, 3, null]);
  });
});

describe("the throttle", () => {
  it("runs at once, then once per interval, and never loses the last request", () => {
    vi.useFakeTimers();
    const run = vi.fn();
    const paint = throttle(run, 250);
    for (let n = 0; n < 10; n++) paint();
    expect(run).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(250);
    expect(run).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(1_000);
    expect(run).toHaveBeenCalledTimes(2);
  });
});

describe("errors of the server", () => {
  it("keep code, message, request id and whether to retry", () => {
    const error = { code: "UNAUTHENTICATED", message: "no", requestId: "r1", retryable: false };
    expect(errorFromBody(401, { error })).toEqual(error);
    expect(errorFromBody(502, "<html>")).toMatchObject({ code: "HTTP_502", retryable: true });
    const extensions = { code: "TOO_COMPLEX", requestId: "r2", retryable: true };
    expect(errorFromGraphQL({ message: "m", extensions })).toEqual({ message: "m", ...extensions });
    expect(errorFromGraphQL({ message: "m" })).toMatchObject({ code: "GRAPHQL_ERROR", retryable: false });
  });
});

describe("an answer beside GraphQL", () => {
  const answer = (status: number, body: string) =>
    vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response(body, { status }));

  it("reaches whoever asked, with its code and its words", async () => {
    const message = "this replica does not serve yet: checking the file projection.sqlite: 40 %";
    answer(503, JSON.stringify({ error: { code: "UNAVAILABLE", message, requestId: "r", retryable: true } }));
    const result = await client.query(graphql(`query Anybody { viewer { name } }`), {}).toPromise();
    expect(result.error && errorFromUrql(result.error)).toEqual({
      code: "UNAVAILABLE",
      message,
      requestId: "r",
      retryable: true,
    });
  });

  it("is named after its status when it has no words", async () => {
    answer(502, "<html>");
    const result = await client.query(graphql(`query Anybody { viewer { name } }`), {}).toPromise();
    expect(result.error && errorFromUrql(result.error)?.code).toBe("HTTP_502");
  });
});

describe("the address of a trace", () => {
  it("is of http, whole, and has a place for the id", () => {
    const template = "https://traces.example/t/{traceId}?x={traceId}";
    expect(traceUrl(template, "a/b")).toBe("https://traces.example/t/a%2Fb?x=a%2Fb");
    for (const wrong of ["", "https://traces.example/", "javascript:alert({traceId})", "/t/{traceId}"])
      expect(traceUrl(wrong, "a")).toBeNull();
  });
});

describe("what a verification says", () => {
  const last = (over: Partial<Verification> = {}): Verification => ({
    status: "CLEAN",
    by: "user:alice",
    begunAt: "2026-01-02T03:04:05Z",
    endedAt: "2026-01-02T03:04:06Z",
    position: 100,
    events: 100,
    aggregates: 4,
    digest: "abc",
    findingCount: 0,
    message: null,
    findings: [],
    ...over,
  });

  it("holds for events up to where it looked, and not for later ones", () => {
    expect(markOf(last(), 100).kind).toBe("verified");
    expect(markOf(last(), 101).kind).toBe("none");
    expect(markOf(null, 1).kind).toBe("none");
  });

  it("is not good news where something was found, or where it failed", () => {
    const findings = [{ code: "HASH", detail: "seq 7", repairable: false }];
    expect(chainStateOf(last({ status: "FINDINGS", findingCount: 1, findings }))).toMatchObject({
      kind: "broken",
      first: "seq 7",
    });
    expect(chainStateOf(last({ status: "FAILED" })).kind).toBe("failed");
    expect(chainStateOf(last({ status: "RUNNING", endedAt: null })).kind).toBe("running");
  });
});
