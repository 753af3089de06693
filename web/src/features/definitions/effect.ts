import { duration, percent, plural } from "@/shared/figures/format";
import { hasEnded } from "@/shared/status/status";
import { type Content, failoverText } from "./content";
import type { Running } from "./documents";

export interface Effect {
  key: string;
  /** `warn` where what runs would not be as the definition says. */
  tone: "plain" | "warn";
  text: string;
}

/** What the service did in the last minute; null where nothing was called. */
export interface Minute {
  p99Ms: number | null;
  errorPercent: number | null;
}

/** What a definition would say of the instances that run now, and what it changes for those that start later. */
export function effectsOf(
  before: Content | null,
  after: Content,
  running: readonly Running[],
  minute: Minute | null,
): Effect[] {
  const alive = running.filter(({ status }) => !hasEnded(status));
  return [
    ...ofVersion(after, alive),
    ...ofCount(after, alive.length),
    ...ofLimits(after, minute),
    ...ofPolicies(before, after),
  ];
}

function ofLimits({ p99LimitMs, errorLimitPercent }: Content, minute: Minute | null): Effect[] {
  const limits = [
    {
      key: "p99LimitMs",
      what: "p99",
      limit: p99LimitMs,
      now: minute?.p99Ms ?? null,
      say: duration,
    },
    {
      key: "errorLimitPercent",
      what: "Errors",
      limit: errorLimitPercent,
      now: minute?.errorPercent ?? null,
      say: (n: number) => `${percent(n)} %`,
    },
  ];
  return limits.flatMap(({ key, what, limit, now, say }): Effect[] => {
    if (limit === null || Number.isNaN(limit)) return [];
    if (now === null) {
      return [
        {
          key,
          tone: "plain",
          text: `${what}: nothing was called in the last minute, the limit is ${say(limit)}.`,
        },
      ];
    }
    return now > limit
      ? [
          {
            key,
            tone: "warn",
            text: `${what} of the last minute: ${say(now)}, over the limit of ${say(limit)}.`,
          },
        ]
      : [{ key, tone: "plain", text: `${what} of the last minute: ${say(now)}, within ${say(limit)}.` }];
  });
}

function ofVersion({ version }: Content, alive: readonly Running[]): Effect[] {
  const others = new Map<string, number>();
  for (const each of alive)
    if (each.version !== version) others.set(each.version, (others.get(each.version) ?? 0) + 1);
  if (alive.length === 0) return [{ key: "none", tone: "plain", text: "No instance runs now." }];
  if (others.size === 0) {
    const text = `${plural(alive.length, "instance")} ${runs(alive.length)} ${version}, as it says.`;
    return [{ key: "version", tone: "plain", text }];
  }
  return [...others].map(([found, n]) => ({
    key: `version ${found}`,
    tone: "warn",
    text: `${plural(n, "instance")} ${runs(n)} ${found}, not ${version}: flagged «version drift».`,
  }));
}

const runs = (n: number): string => (n === 1 ? "runs" : "run");

function ofCount({ minInstances: min, maxInstances: max }: Content, alive: number): Effect[] {
  const effect = (text: string): Effect[] => [{ key: "count", tone: "warn", text }];
  if (min !== null && alive < min)
    return effect(`${alive} of at least ${min} ${runs(alive)}: flagged «below minimum».`);
  if (max !== null && alive > max) return effect(`${alive} ${runs(alive)}, more than ${max}.`);
  return [];
}

function ofPolicies(before: Content | null, after: Content): Effect[] {
  const effects: Effect[] = [];
  const lease = failoverText(after.failover);
  if (lease !== failoverText(before?.failover ?? null)) {
    const text =
      lease === null
        ? "Failover is again what each instance sets, from its next start on."
        : `Failover is ${lease} for each instance from its next start on.`;
    effects.push({ key: "failover", tone: "plain", text });
  }
  if (after.registration !== (before?.registration ?? null)) {
    effects.push({ key: "registration", tone: "plain", text: registrationEffect(after.registration) });
  }
  return effects;
}

/** What becomes of an instance that starts while the definition is not in use. */
export function registrationEffect(registration: Content["registration"]): string {
  switch (registration) {
    case "OPEN":
      return "While it is not in use, instances start, and nothing is flagged.";
    case "WARN":
      return "While it is not in use, instances start and are flagged «not defined».";
    case "ENFORCE":
      return "While it is not in use, instances are refused when they start.";
  }
}
