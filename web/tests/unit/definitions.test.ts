import { describe, expect, it } from "vitest";
import { type Content, countText, failoverFrom, failoverText } from "@/features/definitions/content";
import { changesBetween } from "@/features/definitions/diff";
import { contentOfDraft, draftOf } from "@/features/definitions/draft";
import { effectsOf } from "@/features/definitions/effect";
import { contentFrom, linesOf } from "@/features/definitions/fields";
import { isSame, meetingsOf, merged, undecided } from "@/features/definitions/merge";
import { contentAt } from "@/features/definitions/revisions";
import { breachesOf, lineRule, serviceRule } from "@/features/definitions/rules";

const content: Content = {
  owner: "Equities desk",
  description: "Sends orders",
  version: "1.0.0",
  minInstances: 2,
  maxInstances: 4,
  failover: { policy: "CUSTOM", leaseMs: 500 },
  registration: "ENFORCE",
  labels: { desk: "equities" },
};

describe("the lines of a definition", () => {
  it("say all of it, and are read back", () => {
    expect(contentFrom(linesOf(content))).toEqual(content);
    const bare = { ...content, minInstances: null, maxInstances: null, failover: null, labels: {} };
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
  const texts = (after: Content, running: never[]) =>
    effectsOf(content, after, running).map(({ text }) => text);

  it("names the versions that run and are another", () => {
    expect(texts({ ...content, version: "1.1.0" }, [run("1.0.0"), run("1.0.0"), run("1.1.0")])).toEqual([
      "2 instances run 1.0.0, not 1.1.0: flagged «version drift».",
    ]);
  });

  it("says when fewer run than there should, those that ended left out", () => {
    const found = texts(content, [run("1.0.0"), run("1.0.0", "EXPIRED")]);
    expect(found).toContain("1 of at least 2 runs: flagged «below minimum».");
  });

  it("says from when on policies hold", () => {
    expect(texts({ ...content, failover: null }, [run("1.0.0"), run("1.0.0")])).toContain(
      "Failover is again what each instance sets, from its next start on.",
    );
  });
});
