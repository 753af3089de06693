import type { Definition } from "./documents";

export type Registration = Definition["registration"];
export type Policy = NonNullable<Definition["failover"]>["policy"];

export interface Failover {
  policy: Policy;
  /** Of a lease of one's own; null otherwise. */
  leaseMs: number | null;
}

/** What a definition says of its service. */
export interface Content {
  owner: string;
  description: string;
  version: string;
  minInstances: number | null;
  maxInstances: number | null;
  /** What is still well over a minute; null where nothing is said of it. */
  p99LimitMs: number | null;
  errorLimitPercent: number | null;
  failover: Failover | null;
  registration: Registration;
  labels: Readonly<Record<string, string>>;
}

export const policies: readonly Policy[] = ["AGGRESSIVE", "BALANCED", "CONSERVATIVE", "CUSTOM"];
export const registrations: readonly Registration[] = ["OPEN", "WARN", "ENFORCE"];

/** The lease that each policy means, in milliseconds. */
export const leaseOf: Record<Exclude<Policy, "CUSTOM">, number> = {
  AGGRESSIVE: 300,
  BALANCED: 1_000,
  CONSERVATIVE: 4_000,
};

const whole = (value: Definition["minInstances"]): number | null => (value === null ? null : Number(value));

export function contentOf(definition: Definition): Content {
  const { owner, description, version, registration, failover } = definition;
  return {
    owner,
    description,
    version,
    minInstances: whole(definition.minInstances),
    maxInstances: whole(definition.maxInstances),
    p99LimitMs: whole(definition.p99LimitMs),
    errorLimitPercent: definition.errorLimitPercent,
    failover: failover && {
      policy: failover.policy,
      leaseMs: failover.policy === "CUSTOM" ? Number(failover.leaseMs) : null,
    },
    registration,
    labels: (definition.labels ?? {}) as Record<string, string>,
  };
}

/** The policy in words, as the history of a definition has it. */
export function failoverText(failover: Failover | null): string | null {
  if (failover === null) return null;
  if (failover.policy === "CUSTOM") return `custom, lease ${failover.leaseMs} ms`;
  return failover.policy.toLowerCase();
}

/** The reverse of `failoverText`; null where the text says no policy. */
export function failoverFrom(text: string | null): Failover | null {
  if (text === null) return null;
  const custom = /^custom, lease (\d+) ms$/.exec(text);
  if (custom) return { policy: "CUSTOM", leaseMs: Number(custom[1]) };
  const policy = policies.find((each) => each.toLowerCase() === text);
  return policy === undefined ? null : { policy, leaseMs: null };
}

/** `2 to 4`, `2 or more`, `up to 4`, `any`. */
export function countText({ minInstances: min, maxInstances: max }: Content): string {
  if (min === null) return max === null ? "any" : `up to ${max}`;
  return max === null ? `${min} or more` : `${min} to ${max}`;
}
