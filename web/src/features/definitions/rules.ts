import type { Content } from "./content";

export const OWNER_MAX = 100;
export const DESCRIPTION_MAX = 500;
export const REASON_MAX = 500;
const LABELS_MAX = 64;
const LEASE_MIN_MS = 150;
const LEASE_MAX_MS = 60_000;
const COUNT_MAX = 4_294_967_295;
const LIMIT_MS_MAX = 60_000;

/** Signs that are not seen: controls, separators of lines, blanks of no width, and what turns the direction of writing. */
const HIDDEN =
  /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;

/** A message for each field that breaks a rule of the server, under the field's name. */
export type Breaches = Readonly<Record<string, string>>;

export function lineRule(text: string, max: number): string | null {
  const fits = text.trim() !== "" && [...text].length <= max && !HIDDEN.test(text);
  return fits ? null : `1 to ${max} characters on one line, none of them hidden`;
}

export function serviceRule(name: string): string | null {
  const fits = /^[a-z](?:[a-z0-9]|-(?!-))*[a-z0-9]$/.test(name) && name.length >= 3 && name.length <= 64;
  return fits ? null : "a lower-case letter, then lower-case letters, digits or single «-», 3 to 64 in all";
}

const fields = [
  "service",
  "owner",
  "description",
  "version",
  "minInstances",
  "maxInstances",
  "p99LimitMs",
  "errorLimitPercent",
  "failover",
  "labels",
];

/** The field of the form that the server means; null where the form has none. */
export const placeOf = (field: string | null): string | null =>
  fields.find((each) => each === field?.split(".")[0]) ?? null;

const bytes = (text: string): number => new TextEncoder().encode(text).length;

function labelRule(labels: Content["labels"]): string | null {
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) return `at most ${LABELS_MAX} labels`;
  const broken = entries.find(([key, value]) => {
    const fits = bytes(key) >= 1 && bytes(key) <= 64 && bytes(value) <= 256;
    return !fits || HIDDEN.test(key) || HIDDEN.test(value);
  });
  return broken ? `«${broken[0]}»: a key of 1 to 64 bytes, a value of at most 256, nothing hidden` : null;
}

function countRule(count: number | null): string | null {
  if (count === null) return null;
  return Number.isInteger(count) && count >= 0 && count <= COUNT_MAX ? null : "a whole number";
}

function limitRule(ms: number | null): string | null {
  if (ms === null) return null;
  const fits = Number.isInteger(ms) && ms >= 1 && ms <= LIMIT_MS_MAX;
  return fits ? null : `a whole number of 1 to ${LIMIT_MS_MAX} ms`;
}

function shareRule(percent: number | null): string | null {
  if (percent === null) return null;
  const fits = percent >= 0 && percent <= 100 && /^\d+(\.\d{1,2})?$/.test(String(percent));
  return fits ? null : "0 to 100 percent, with two decimals at most";
}

/** The rules that the server holds a definition to, said beforehand. It has the last word. */
export function breachesOf(content: Content): Breaches {
  const { failover, minInstances: min, maxInstances: max } = content;
  const lease = failover?.policy === "CUSTOM" ? failover.leaseMs : LEASE_MIN_MS;
  const leaseFits =
    lease !== null && Number.isInteger(lease) && lease >= LEASE_MIN_MS && lease <= LEASE_MAX_MS;
  const versionFits = /^\d+\.\d+\.\d+$/.test(content.version) && content.version.length <= 32;
  const found: [string, string | null][] = [
    ["owner", lineRule(content.owner, OWNER_MAX)],
    ["description", lineRule(content.description, DESCRIPTION_MAX)],
    ["version", versionFits ? null : "three numbers joined by dots, such as 1.0.0"],
    [
      "minInstances",
      countRule(min) ?? (min !== null && max !== null && min > max ? "not more than «At most»" : null),
    ],
    ["maxInstances", countRule(max)],
    ["p99LimitMs", limitRule(content.p99LimitMs)],
    ["errorLimitPercent", shareRule(content.errorLimitPercent)],
    ["failover", leaseFits ? null : `a lease of ${LEASE_MIN_MS} to ${LEASE_MAX_MS} ms`],
    ["labels", labelRule(content.labels)],
  ];
  return Object.fromEntries(found.filter((each): each is [string, string] => each[1] !== null));
}
