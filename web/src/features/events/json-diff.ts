import { stringify, Written } from "@/shared/graphql/exact";

/** One place in two JSON values where they differ; a side without a value is null. */
export interface JsonChange {
  path: string;
  before: string | null;
  after: string | null;
}

/** Each value that is no object or list, under its path: `registration.version`, `members[2]`. */
export function leavesOf(value: unknown, path = ""): [string, string][] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [[path, "[]"]];
    return value.flatMap((each, index) => leavesOf(each, `${path}[${index}]`));
  }
  if (value !== null && typeof value === "object" && !(value instanceof Written)) {
    const entries = Object.entries(value);
    if (entries.length === 0) return [[path, "{}"]];
    return entries.flatMap(([key, each]) => leavesOf(each, path === "" ? key : `${path}.${key}`));
  }
  return [[path, typeof value === "string" ? value : (stringify(value) ?? "null")]];
}

/** What says nothing is the same as what is not there. */
const told = (value: unknown): ReadonlyMap<string, string> =>
  new Map(leavesOf(value).filter(([path, text]) => path !== "" && !["null", "[]", "{}"].includes(text)));

export function diffJson(before: unknown, after: unknown): JsonChange[] {
  const [old, now] = [told(before), told(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((path) => ({ path, before: old.get(path) ?? null, after: now.get(path) ?? null }))
    .filter((change) => change.before !== change.after);
}
