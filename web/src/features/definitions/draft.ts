import type { Content, Policy, Registration } from "./content";

/** A definition as it stands in the fields of a form: numbers are texts until they are read. */
export interface Draft {
  service: string;
  owner: string;
  description: string;
  version: string;
  minInstances: string;
  maxInstances: string;
  p99LimitMs: string;
  errorLimitPercent: string;
  /** Empty where each instance's own setting holds. */
  policy: Policy | "";
  leaseMs: string;
  registration: Registration;
  /** `key=value`, one a line. */
  labels: string;
}

export const emptyDraft: Draft = {
  service: "",
  owner: "",
  description: "",
  version: "1.0.0",
  minInstances: "",
  maxInstances: "",
  p99LimitMs: "",
  errorLimitPercent: "",
  policy: "",
  leaseMs: "500",
  registration: "WARN",
  labels: "",
};

const shown = (count: number | null): string => (count === null ? "" : String(count));

export function draftOf(service: string, content: Content): Draft {
  const { owner, description, version, failover, registration } = content;
  return {
    service,
    owner,
    description,
    version,
    minInstances: shown(content.minInstances),
    maxInstances: shown(content.maxInstances),
    p99LimitMs: shown(content.p99LimitMs),
    errorLimitPercent: shown(content.errorLimitPercent),
    policy: failover?.policy ?? "",
    leaseMs: failover?.leaseMs ? String(failover.leaseMs) : emptyDraft.leaseMs,
    registration,
    labels: Object.entries(content.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join("\n"),
  };
}

/** A number, null for nothing; what is neither is NaN, which breaks the rule of its field. */
const numberFrom = (text: string): number | null => (text.trim() === "" ? null : Number(text));

function labelsFrom(text: string): Record<string, string> {
  const pairs = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line): [string, string] => {
      const at = line.indexOf("=");
      return at < 0 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    });
  return Object.fromEntries(pairs);
}

export function contentOfDraft(draft: Draft): Content {
  const { policy } = draft;
  return {
    owner: draft.owner,
    description: draft.description,
    version: draft.version,
    minInstances: numberFrom(draft.minInstances),
    maxInstances: numberFrom(draft.maxInstances),
    p99LimitMs: numberFrom(draft.p99LimitMs),
    errorLimitPercent: numberFrom(draft.errorLimitPercent),
    failover: policy === "" ? null : { policy, leaseMs: policy === "CUSTOM" ? Number(draft.leaseMs) : null },
    registration: draft.registration,
    labels: labelsFrom(draft.labels),
  };
}
