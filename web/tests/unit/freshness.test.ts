import { describe, expect, it } from "vitest";
import type { Connection } from "@/shared/connection/machine";
import { type Absence, absenceOf, nowhere } from "@/shared/freshness/back";
import { type Evidence, truthOf } from "@/shared/freshness/freshness";
import { shownState } from "@/shared/status/shown";

const NOW = 1_000_000;
const live: Connection = { kind: "live", since: 0 };

function evidence(change: Partial<Evidence> = {}): Evidence {
  return {
    now: NOW,
    connection: live,
    system: { at: NOW - 500, blindSince: null, preserving: false },
    beats: { newest: NOW - 600, alive: 7, usualMs: 1_000 },
    ...change,
  };
}

describe("a page that is back", () => {
  const after = (before: Absence, seconds: number, awaySince: number | null, asOf = 7): Absence =>
    absenceOf(before, { awaySince, now: NOW + seconds * 1_000, asOf });

  it("says for a while how long it was away, and what it knew before", () => {
    const away = after(nowhere, 0, NOW);
    expect(after(away, 9, NOW, 9), "it knew no more than at its beginning").toBe(away);
    const back = after(away, 34, null, 10);
    expect(back).toEqual({ away: null, back: { ms: 34_000, asOf: 7, at: NOW + 34_000 } });
    expect(after(back, 39, null)).toBe(back);
    expect(after(back, 40, null)).toBe(nowhere);
    expect(after(back, 36, NOW + 36_000).back).toBeNull();
  });

  it("says nothing of a moment, and nothing where it was never away", () => {
    expect(after(after(nowhere, 0, NOW), 1, null)).toEqual(nowhere);
    expect(after(nowhere, 5, null)).toBe(nowhere);
  });
});

describe("how current the page is", () => {
  it("is live while beats and answers come", () => {
    expect(truthOf(evidence())).toEqual({
      freshness: { kind: "live" },
      unknownSince: null,
      preserving: false,
    });
  });

  it("is delayed after two seconds of silence, and blind after five", () => {
    const at = (ms: number) => truthOf(evidence({ beats: { newest: NOW - ms, alive: 7, usualMs: 1_000 } }));
    expect(at(3_000).freshness).toEqual({ kind: "delayed", seconds: 3 });
    expect(at(3_000).unknownSince).toBeNull();
    expect(at(5_500).freshness).toEqual({ kind: "blind", since: NOW - 5_500 });
    expect(at(5_500).unknownSince).toBe(NOW - 5_500);
  });

  it("waits three beats where beats are slow", () => {
    const slow = (ms: number) =>
      truthOf(evidence({ beats: { newest: NOW - ms, alive: 7, usualMs: 10_000 } }));
    expect(slow(20_000).freshness.kind).toBe("live");
    expect(slow(31_000).freshness.kind).toBe("blind");
  });

  it("concludes nothing from the silence of one or two", () => {
    const beats = { newest: NOW - 60_000, alive: 2, usualMs: 1_000 };
    expect(truthOf(evidence({ beats })).freshness.kind).toBe("live");
  });

  it("believes at once a server that says it cannot see", () => {
    const system = { at: NOW, blindSince: NOW - 100, preserving: false };
    const truth = truthOf(evidence({ system }));
    expect(truth.freshness).toEqual({ kind: "blind", since: NOW - 600 });
    expect(truth.unknownSince).toBe(NOW - 600);
    const beats = { newest: null, alive: 0, usualMs: 1_000 };
    expect(truthOf(evidence({ system, beats })).unknownSince).toBe(NOW - 100);
  });

  it("does not call live what has not answered for five seconds", () => {
    const system = { at: NOW - 6_000, blindSince: null, preserving: false };
    expect(truthOf(evidence({ system })).unknownSince).toBe(NOW - 6_000);
  });

  it("says the attempt and the wait while it reconnects, and knows nothing after five seconds", () => {
    const down = (ms: number) =>
      truthOf(
        evidence({
          connection: { kind: "reconnecting", attempt: 3, nextAt: NOW + 3_500, staleSince: NOW - ms },
        }),
      );
    expect(down(1_000).freshness).toEqual({
      kind: "reconnecting",
      attempt: 3,
      nextInSeconds: 4,
      since: NOW - 1_000,
    });
    expect(down(1_000).unknownSince).toBeNull();
    expect(down(5_000).unknownSince).toBe(NOW - 5_000);
  });
});

describe("the state that is shown", () => {
  const seen = { status: "RUNNING", lastBeatAt: new Date(NOW - 500).toISOString() } as const;
  const truth = { freshness: { kind: "live" }, unknownSince: null, preserving: false } as const;

  it("is unknown once nothing can be seen, with what it was; what has ended stays ended", () => {
    expect(shownState(seen, truth, NOW)).toEqual({ status: "RUNNING", was: null, leaseLostMs: null });
    const blind = { ...truth, unknownSince: NOW - 9_000 };
    expect(shownState(seen, blind, NOW)).toEqual({ status: "UNKNOWN", was: "RUNNING", leaseLostMs: null });
    expect(shownState({ ...seen, status: "STOPPED" }, blind, NOW)).toEqual({
      status: "STOPPED",
      was: null,
      leaseLostMs: null,
    });
  });

  it("of one who runs tells that it lost a lease just now, as long as it can be seen", () => {
    const lost = { ...seen, leaseLostAt: NOW - 2_000 };
    expect(shownState(lost, truth, NOW)).toEqual({ status: "RUNNING", was: null, leaseLostMs: 2_000 });
    expect(shownState({ ...lost, status: "UNHEALTHY" }, truth, NOW).leaseLostMs).toBeNull();
    expect(shownState(lost, { ...truth, unknownSince: NOW - 9_000 }, NOW).leaseLostMs).toBeNull();
  });

  it("is unknown for the silent alone during self-preservation", () => {
    const preserving = { ...truth, preserving: true };
    expect(shownState(seen, preserving, NOW).status).toBe("RUNNING");
    const silent = { ...seen, lastBeatAt: new Date(NOW - 9_000).toISOString() };
    expect(shownState(silent, preserving, NOW)).toEqual({
      status: "UNKNOWN",
      was: "RUNNING",
      leaseLostMs: null,
    });
  });
});
