import { stringify, Written } from "@/shared/graphql/exact";

export interface Setting {
  key: string;
  value: string;
}

/** A configuration as lines, `a.b.c` for what is nested; lists stay as they are. */
export function settingsOf(configuration: unknown, prefix = ""): Setting[] {
  const nested = configuration !== null && typeof configuration === "object" && !Array.isArray(configuration);
  if (!nested || configuration instanceof Written) {
    return prefix === "" ? [] : [{ key: prefix, value: textOf(configuration) }];
  }
  return Object.entries(configuration)
    .flatMap(([key, value]) => settingsOf(value, prefix === "" ? key : `${prefix}.${key}`))
    .sort((a, b) => a.key.localeCompare(b.key));
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : (stringify(value) ?? "—"));

export interface Difference {
  key: string;
  before: string | null;
  after: string | null;
}

/** What differs between two configurations; a side without the key is null. */
export function differencesOf(before: readonly Setting[], after: readonly Setting[]): Difference[] {
  const [one, other] = [before, after].map(
    (settings) => new Map(settings.map(({ key, value }) => [key, value])),
  );
  const keys = [...new Set([...before, ...after].map(({ key }) => key))].sort();
  return keys
    .map((key) => ({ key, before: one?.get(key) ?? null, after: other?.get(key) ?? null }))
    .filter((each) => each.before !== each.after);
}
