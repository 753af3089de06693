import { describe, expect, it } from "vitest";
import { beatsOf } from "@/features/instance/beats";
import { agreementOf } from "@/features/instance/configuration/peers";
import { changesOf, reportsOf } from "@/features/instance/configuration/reports";
import { sideBySide, sideFrom } from "@/features/instance/configuration/sides";
import { sourceOf, sourcesFrom } from "@/features/instance/configuration/sources";
import type { RecordedEvent } from "@/features/instance/documents";
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

describe("the configuration of an instance", () => {
  const report = (sequence: number, configuration: object): RecordedEvent => ({
    sequence,
    type: "aegis.instance.configuration_reported.v1",
    time: `2026-01-02T03:04:0${sequence}Z`,
    actor: "instance:desk/desk-1",
    data: { configuration },
  });
  const events = [
    report(1, { lease: 1_000, log: "info" }),
    report(2, { lease: 1_000, log: "debug" }),
    report(3, { lease: 300, log: "debug" }),
  ];

  it("is told by its reports, each with what it changed", () => {
    const reports = reportsOf(events, null);
    expect(reports.map(({ differences }) => differences?.map(({ key }) => key) ?? null)).toEqual([
      null,
      ["log"],
      ["lease"],
    ]);
    const changed = changesOf(reports);
    expect(["lease", "log"].map((key) => changed.get(key)?.sequence)).toEqual([3, 2]);
    expect(reportsOf(events, 2)).toHaveLength(2);
  });

  it("says where each value is from; what is nested has the source of its field", () => {
    const sources = sourcesFrom({ sources: { labels: "program", lease: "file" } });
    expect(["labels.desk", "lease", "other", "la"].map((key) => sourceOf(key, sources))).toEqual([
      "program",
      "file",
      null,
      null,
    ]);
    expect(sourcesFrom({ configuration: {} }).size).toBe(0);
  });

  it("agrees with its peers, or not; what each has of its own is no difference", () => {
    const setting = (value: string) => [{ key: "lease", value }];
    const peers = (...values: string[]) =>
      new Map(values.map((value, at) => [`desk-${at + 2}`, setting(value)]));
    const ours = { key: "lease", value: "300" };
    expect(agreementOf(ours, peers("300", "300")).others).toEqual([]);
    expect(agreementOf(ours, peers("1000", "1000"))).toEqual({
      others: [
        { instance: "desk-2", value: "1000" },
        { instance: "desk-3", value: "1000" },
      ],
      ownToEach: false,
    });
    expect(agreementOf(ours, peers("1", "2")).ownToEach).toBe(true);
    expect(agreementOf(ours, peers("1")).ownToEach).toBe(false);
    expect(agreementOf({ key: "none", value: "x" }, peers("1")).others).toEqual([
      { instance: "desk-2", value: null },
    ]);
  });

  it("stands side by side with another one", () => {
    expect(sideBySide(settingsOf({ a: 1, b: 2 }), settingsOf({ b: 3, c: 4 }))).toEqual([
      { key: "a", left: "1", right: null, different: true },
      { key: "b", left: "2", right: "3", different: true },
      { key: "c", left: null, right: "4", different: true },
    ]);
    expect(["now", "s35", "@desk-2", "@", "s", ""].map((raw) => sideFrom(raw)?.kind ?? null)).toEqual([
      "now",
      "report",
      "peer",
      null,
      null,
      null,
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
