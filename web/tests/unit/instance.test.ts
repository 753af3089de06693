import { describe, expect, it } from "vitest";
import { beatsOf } from "@/features/instance/beats";
import { verdictOf } from "@/features/service/verdict";
import { differencesOf, settingsOf } from "@/shared/figures/settings";
import { minimumOf, worstOf } from "@/shared/status/worst";

describe("heartbeats", () => {
  it("are missed between those that came; the newest may be on their way", () => {
    const points = [0, 1, 4, 5].map((second) => ({ at: new Date(second * 1_000).toISOString() }));
    const { beats, longestSeconds } = beatsOf({ resolutionSeconds: 1, points }, 0, 7);
    expect(beats).toEqual(["came", "came", "missed", "missed", "came", "came", "unknown"]);
    expect(longestSeconds).toBe(2);
  });
});

describe("a configuration", () => {
  const before = settingsOf({ lease: { ms: 1_000 }, groups: ["A"], token: "••••" });

  it("is a list of settings by name", () => {
    expect(before).toEqual([
      { key: "groups", value: '["A"]' },
      { key: "lease.ms", value: "1000" },
      { key: "token", value: "••••" },
    ]);
    expect(settingsOf(null)).toEqual([]);
  });

  it("differs in what changed, what came and what went", () => {
    const after = settingsOf({ lease: { ms: 300 }, token: "••••", new: true });
    expect(differencesOf(before, after)).toEqual([
      { key: "groups", before: '["A"]', after: null },
      { key: "lease.ms", before: "1000", after: "300" },
      { key: "new", before: null, after: "true" },
    ]);
  });
});

describe("the verdict on a service", () => {
  const row = (instance: string, status: "RUNNING" | "EXPIRED") => ({
    instance,
    status,
    statusSince: "2026-01-02T12:45:00Z",
    reason: null,
  });
  const definition = { status: "ACTIVE", minInstances: 2 };

  it("names who is gone only where the service lacks it", () => {
    const rows = [row("desk-2", "RUNNING"), row("desk-1", "EXPIRED")];
    const counts = new Map([
      ["RUNNING", 1],
      ["EXPIRED", 1],
    ] as const);
    const at = (wanted: typeof definition | null) =>
      verdictOf({ rows, counts, definition: wanted, leaders: [] });
    expect(at(definition).text).toBe("1 of at least 2 running; desk-1 expired");
    expect(at(null)).toMatchObject({ worst: "RUNNING", text: "1 running" });
  });

  it("asks for what an active definition says, and for one where none does", () => {
    expect(minimumOf({ status: "RETIRED", minInstances: 3 })).toBeNull();
    expect(worstOf(new Map(), null)).toBe("STOPPED");
    expect(worstOf(new Map([["EXPIRED", 1]]), null)).toBe("EXPIRED");
  });
});
