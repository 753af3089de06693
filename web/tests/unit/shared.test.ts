import { afterEach, describe, expect, it, vi } from "vitest";
import { figure, percent } from "@/features/dashboard/numbers";
import { graphql } from "@/gql";
import { client } from "@/shared/graphql/client";
import { errorFromBody, errorFromGraphQL, errorFromUrql } from "@/shared/graphql/errors";
import { standing } from "@/shared/graphql/http";
import { Ring } from "@/shared/live/ring";
import { throttle } from "@/shared/live/throttle";
import { formatAge, formatClock, formatMoment } from "@/shared/time/format";
import { sparkPoints } from "@/shared/ui/sparkline";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

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
    [-5_000, "0s"],
    [999, "0s"],
    [59_999, "59s"],
    [61_000, "1m 01s"],
    [3_660_000, "1h 01m"],
    [90_000_000, "1d 1h"],
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

describe("figures", () => {
  it("are short, and missing ones are no zeros", () => {
    expect([null, 0, 1.234, 45.67, 999.4, 12_345].map(figure)).toEqual([
      "—",
      "0.0",
      "1.23",
      "45.7",
      "999",
      "12.3k",
    ]);
    expect([null, 0, 0.001, 0.5, 25].map(percent)).toEqual(["—", "0", "<0.01", "0.50", "25.0"]);
  });
});

describe("the ring", () => {
  it("keeps the newest, oldest first", () => {
    const ring = new Ring(3);
    for (const value of [1, 2, 3, 4]) ring.push(value);
    expect(ring.values()).toEqual([2, 3, 4]);
    expect(ring.length).toBe(3);
    expect(new Ring(3).values()).toEqual([]);
  });

  it("draws the newest sample at the right edge", () => {
    expect(sparkPoints([0, 10], 5)).toBe("48.0,16.5 64.0,1.5");
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
