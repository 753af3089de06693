import { describe, expect, it } from "vitest";
import { planOf } from "@/features/definitions/plan";
import { readFile, writeFile } from "@/features/definitions/transfer-file";

const FULL = `definitions:
  - service: trading-service
    owner: Equities desk
    description: Sends orders
    version: 1.4.0
    minInstances: 2
    maxInstances: 4
    p99LimitMs: 50
    errorLimitPercent: 0.5
    failover:
      leaseMs: 500
    registration: enforce
    labels:
      desk: equities
  - service: echo
    owner: Night
    description: "Says: it again"
    version: 1.0.0
    failover: aggressive
    registration: warn
`;

function entriesOf(text: string) {
  const read = readFile(text);
  if (!("entries" in read))
    throw new Error(read.problems.map(({ line, text: t }) => `${line}: ${t}`).join("; "));
  return read.entries;
}

function problemOf(text: string): string {
  const read = readFile(text);
  if ("entries" in read) throw new Error("it was taken");
  return read.problems.map(({ line, text: what }) => `${line}: ${what}`).join("; ");
}

describe("the file of definitions", () => {
  it("is written as it was read, in both forms", () => {
    const entries = entriesOf(FULL);
    expect(writeFile(entries, "yaml")).toBe(FULL);
    expect(entriesOf(writeFile(entries, "json"))).toEqual(entries);
    expect(entries[0]?.content.failover).toEqual({ policy: "CUSTOM", leaseMs: 500 });
  });

  it("has defaults for what it leaves out, or says nothing of", () => {
    const [entry] = entriesOf(
      "definitions: [{service: echo, owner: o, description: d, version: 1.0.0, failover: null, minInstances: ~}]",
    );
    expect(entry?.content).toMatchObject({
      minInstances: null,
      failover: null,
      registration: "WARN",
      labels: {},
    });
  });

  it("keeps a word in quotes as a text", () => {
    const [entry] = entriesOf(
      'definitions: [{service: echo, owner: "null", description: d, version: 1.0.0}]',
    );
    expect(entry?.content.owner).toBe("null");
  });

  it.each([
    [FULL.replace("maxInstances", "maxInstance"), /^7: unknown field «maxInstance»/],
    [FULL.replace("failover: aggressive", "failover: reckless"), /^19: failover: use aggressive/],
    [FULL.replace("leaseMs", "lease"), /^11: failover: use \{ leaseMs/],
    [FULL.replace("version: 1.4.0", "version: 1.4"), /^5: version: use three numbers/],
    [FULL.replace("service: echo", "service: e cho"), /^15: service: use/],
    [FULL.replace("service: echo", "service: trading-service"), /trading-service is defined twice/],
    [FULL.replace("    owner: Night\n", ""), /^15: missing field «owner»/],
    [
      FULL.replace("errorLimitPercent: 0.5", "errorLimitPercent: 0.555"),
      /^9: errorLimitPercent: use 0 to 100/,
    ],
    [FULL.replace("p99LimitMs: 50", "p99LimitMs: 0"), /^8: p99LimitMs: use a whole number of 1/],
    ["definition: []", /^1: unknown field «definition»/],
    ["definitions: [", /^1: /],
  ])("says what is wrong, and where", (text, said) => {
    expect(problemOf(text)).toMatch(said);
  });
});

describe("the plan of an import", () => {
  const standing = (service: string, status = "ACTIVE", version = "1.0.0") =>
    ({
      service,
      owner: "o",
      description: "d",
      version,
      status,
      minInstances: null,
      maxInstances: null,
      p99LimitMs: null,
      errorLimitPercent: null,
      failover: null,
      registration: "WARN",
      labels: {},
      revision: 3,
    }) as never;
  const entries = entriesOf(
    `definitions:
${["new-one", "same", "other", "gone"]
  .map((service) => `- {service: ${service}, owner: o, description: d, version: 1.0.0}`)
  .join("\n")}`,
  );

  it("defines, amends, reinstates and leaves alone, in order of name", () => {
    const there = [standing("same"), standing("other", "ACTIVE", "0.9.0"), standing("gone", "RETIRED")];
    const plan = planOf(entries, [...there, standing("extra")], false);
    expect(plan.map(({ service, action }) => `${action} ${service}`)).toEqual([
      "reinstate gone",
      "define new-one",
      "amend other",
      "unchanged same",
    ]);
    expect(plan[2]?.changes).toEqual([{ field: "version", before: "0.9.0", after: "1.0.0" }]);
  });

  it("retires what is not in the file only when told to, and never twice", () => {
    const plan = planOf([], [standing("extra"), standing("gone", "RETIRED")], true);
    expect(plan.map(({ service, action }) => `${action} ${service}`)).toEqual(["retire extra"]);
  });
});
