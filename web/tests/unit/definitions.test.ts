import { describe, expect, it } from "vitest";
import { type Content, countText, failoverFrom, failoverText } from "@/features/definitions/content";
import { changesBetween } from "@/features/definitions/diff";
import { contentOfDraft, draftOf } from "@/features/definitions/draft";
import { driftOf } from "@/features/definitions/drift";
import { effectsOf } from "@/features/definitions/effect";
import { contentFrom, linesOf } from "@/features/definitions/fields";
import { isSame, meetingsOf, merged, undecided } from "@/features/definitions/merge";
import { contentAt, definitionAt } from "@/features/definitions/revisions";
import { breachesOf, lineRule, serviceRule } from "@/features/definitions/rules";
import { aliveOf, withUpdate } from "@/features/definitions/running";

const content: Content = {
  owner: "Equities desk",
  description: "Sends orders",
  version: "1.0.0",
  minInstances: 2,
  maxInstances: 4,
  p99LimitMs: 50,
  errorLimitPercent: 0.5,
  failover: { policy: "CUSTOM", leaseMs: 500 },
  registration: "ENFORCE",
  labels: { desk: "equities" },
};

describe("the lines of a definition", () => {
  it("say all of it, and are read back", () => {
    expect(contentFrom(linesOf(content))).toEqual(content);
    const bare = {
      ...content,
      minInstances: null,
      maxInstances: null,
      p99LimitMs: null,
      errorLimitPercent: null,
      failover: null,
      labels: {},
    };
    expect(contentFrom(linesOf(bare))).toEqual(bare);
  });

  it("name policies as the history does", () => {
    expect(failoverText({ policy: "AGGRESSIVE", leaseMs: null })).toBe("aggressive");
    expect(failoverFrom("custom, lease 500 ms")).toEqual({ policy: "CUSTOM", leaseMs: 500 });
    expect(failoverFrom("reckless")).toBeNull();
    expect(countText({ ...content, maxInstances: null })).toBe("2 or more");
  });

  it("differ where a value, or a label, differs", () => {
    const after = { ...content, minInstances: null, labels: { desk: "rates", tier: "1" } };
    expect(changesBetween(content, after)).toEqual([
      { field: "minInstances", before: "2", after: null },
      { field: "labels.desk", before: "equities", after: "rates" },
      { field: "labels.tier", before: null, after: "1" },
    ]);
  });
});

describe("the form", () => {
  it("reads back what it was filled with", () => {
    expect(contentOfDraft(draftOf("orders", content))).toEqual(content);
  });

  it("takes labels by line, and a value with an equals sign", () => {
    const draft = { ...draftOf("orders", content), labels: "a=b=c\n\n tier = 1 " };
    expect(contentOfDraft(draft).labels).toEqual({ a: "b=c", tier: "1" });
  });

  it("takes no number for what is none", () => {
    const draft = { ...draftOf("orders", content), minInstances: "two" };
    expect(breachesOf(contentOfDraft(draft))).toHaveProperty("minInstances");
  });
});

describe("the rules", () => {
  it("take a definition that the server takes", () => {
    expect(breachesOf(content)).toEqual({});
  });

  it.each([
    [{ owner: "" }, "owner"],
    [{ owner: "a\nb" }, "owner"],
    [{ description: "x".repeat(501) }, "description"],
    [{ version: "1.4" }, "version"],
    [{ minInstances: 5 }, "minInstances"],
    [{ failover: { policy: "CUSTOM", leaseMs: 149 } }, "failover"],
    [{ labels: { "": "x" } }, "labels"],
    [{ labels: { a: "\u202e" } }, "labels"],
  ])("refuse %j", (change, field) => {
    expect(Object.keys(breachesOf({ ...content, ...(change as Partial<Content>) }))).toEqual([field]);
  });

  it("count characters as people do, and know hidden ones", () => {
    expect(lineRule("👍👍", 2)).toBeNull();
    expect(lineRule("a\u200bb", 20)).not.toBeNull();
    expect(lineRule("   ", 20)).not.toBeNull();
  });

  it.each([
    ["trading-service", true],
    ["abc", true],
    ["ab", false],
    ["a--b", false],
    ["abc-", false],
    ["Trading", false],
  ])("of a service's name: %s", (name, fits) => {
    expect(serviceRule(name) === null).toBe(fits);
  });
});

describe("two changes at once", () => {
  const theirs = { ...content, maxInstances: 6, owner: "Eq. desk" };
  const mine = { ...content, maxInstances: 5, version: "1.1.0" };
  const meetings = meetingsOf(content, theirs, mine);

  it("ask only where both changed the same to something else", () => {
    expect(meetings.map(({ field, conflict }) => [field, conflict])).toEqual([
      ["owner", false],
      ["version", false],
      ["maxInstances", true],
    ]);
    expect(undecided(meetings, {})).toBe(1);
  });

  it("come to both, with what was chosen", () => {
    const choices = { maxInstances: { side: "other" as const, value: "7" } };
    expect(undecided(meetings, choices)).toBe(0);
    expect(merged(theirs, meetings, choices)).toEqual({
      ...content,
      owner: "Eq. desk",
      version: "1.1.0",
      maxInstances: 7,
    });
  });

  it("may take a value away", () => {
    const choices = { maxInstances: { side: "other" as const, value: "" } };
    expect(merged(theirs, meetings, choices).maxInstances).toBeNull();
  });

  it("ask nothing where both did the same", () => {
    expect(meetingsOf(content, theirs, theirs).some(({ conflict }) => conflict)).toBe(false);
    expect(isSame(theirs, { ...theirs })).toBe(true);
  });
});

describe("an earlier revision", () => {
  const history = [
    { revision: 3, changes: [{ field: "labels.desk", before: null, after: "equities" }] },
    {
      revision: 2,
      changes: [
        { field: "failover", before: "balanced", after: "custom, lease 500 ms" },
        { field: "status", before: "retired", after: "active" },
      ],
    },
    { revision: 1, changes: [] },
  ];

  it("is the present one with all later changes undone", () => {
    expect(contentAt(content, history, 3)).toEqual(content);
    expect(contentAt(content, history, 1)).toEqual({
      ...content,
      labels: {},
      failover: { policy: "BALANCED", leaseMs: null },
    });
  });

  it("is not known where the history does not reach back", () => {
    expect(contentAt(content, history.slice(0, 2), 1)).toBeNull();
  });
});

describe("the effect", () => {
  const run = (version: string, status = "RUNNING") => ({ instance: "a", version, status }) as never;
  const unlimited = { ...content, p99LimitMs: null, errorLimitPercent: null };
  const texts = (after: Content, running: never[]) =>
    effectsOf(content, { ...after, p99LimitMs: null, errorLimitPercent: null }, running, null).map(
      ({ text }) => text,
    );

  it("names the versions that run and are another", () => {
    expect(texts({ ...content, version: "1.1.0" }, [run("1.0.0"), run("1.0.0"), run("1.1.0")])).toEqual([
      "2 instances run 1.0.0, not 1.1.0: flagged «version drift».",
    ]);
  });

  it("says when fewer run than there should, those that ended left out", () => {
    const found = texts(content, [run("1.0.0"), run("1.0.0", "EXPIRED")]);
    expect(found).toContain("1 of at least 2 runs: flagged «below minimum».");
  });

  it("holds limits against the last minute", () => {
    const found = (over: Partial<Content>, p99Ms: number | null, errorPercent: number | null) =>
      effectsOf(content, { ...unlimited, ...over }, [run("1.0.0"), run("1.0.0")], { p99Ms, errorPercent })
        .filter(({ key }) => key.includes("Limit"))
        .map(({ tone, text }) => `${tone}: ${text}`);
    expect(found({ p99LimitMs: 50, errorLimitPercent: 0.5 }, 74, 0.1)).toEqual([
      "warn: p99 of the last minute: 74 ms, over the limit of 50 ms.",
      "plain: Errors of the last minute: 0.10 %, within 0.50 %.",
    ]);
    expect(found({ p99LimitMs: 50 }, null, null)).toEqual([
      "plain: p99: nothing was called in the last minute, the limit is 50 ms.",
    ]);
    expect(found({}, 74, 0.1)).toEqual([]);
  });

  it("says from when on policies hold", () => {
    expect(texts({ ...content, failover: null }, [run("1.0.0"), run("1.0.0")])).toContain(
      "Failover is again what each instance sets, from its next start on.",
    );
  });
});

describe("a definition at a moment of the log", () => {
  const present = {
    service: "desk",
    ...content,
    failover: { policy: "CUSTOM" as const, leaseMs: 500 },
    status: "ACTIVE" as const,
    revision: 3,
    updatedAt: "",
    updatedBy: "",
    asOfSequence: 30,
  };
  const made = { at: "2026-01-02T03:04:05Z", by: "user:alice", reason: null, changes: [] };
  const history = [
    { ...made, revision: 3, sequence: 30, action: "REINSTATED" as const },
    { ...made, revision: 2, sequence: 20, action: "RETIRED" as const },
    {
      ...made,
      revision: 1,
      sequence: 10,
      action: "DEFINED" as const,
      changes: [{ field: "version", before: null, after: "1.0.0" }],
    },
  ];

  it("is what its last event by then made of it", () => {
    expect(definitionAt(present, history, 25)).toMatchObject({ status: "RETIRED", revision: 2 });
    expect(definitionAt(present, history, 30)).toMatchObject({ status: "ACTIVE", revision: 3 });
  });

  it("is none before the first", () => {
    expect(definitionAt(present, history, 9)).toBeNull();
  });

  it("drifts where what runs is not as it says", () => {
    const run = (version: string, status: "RUNNING" | "EXPIRED" = "RUNNING") => ({ version, status });
    const words = (instances: ReturnType<typeof run>[], over = {}) =>
      driftOf({ ...present, ...over }, aliveOf(instances)).map(({ word }) => word);
    expect(words([run("1.0.0"), run("1.0.0")])).toEqual([]);
    expect(words([run("0.9.0"), run("1.0.0", "EXPIRED")])).toEqual(["below minimum", "version drift"]);
    expect(words([run("1.0.0")], { status: "RETIRED" })).toEqual(["still runs"]);
  });

  it("knows what runs from the first message and from what changes", () => {
    const one = (name: string, instances: number) => ({
      name,
      instances,
      versions: [{ version: "1.0.0", count: instances }],
    });
    const first = withUpdate(null, {
      __typename: "ServiceSnapshot",
      totalCount: 2,
      services: [one("a", 1), one("b", 2)],
    });
    const next = withUpdate(first, {
      __typename: "ServiceDelta",
      totalCount: 1,
      changed: [one("b", 3)],
      removed: ["a"],
    });
    expect([...next]).toEqual([["b", { count: 3, versions: [["1.0.0", 3]] }]]);
  });
});
