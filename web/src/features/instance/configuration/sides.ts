import type { Setting } from "@/shared/figures/settings";

/** What stands on one side of a comparison: what is in force here, a report of here, or what a peer runs with. */
export type Side =
  | { kind: "now" }
  | { kind: "report"; sequence: string }
  | { kind: "peer"; instance: string };

/** As it stands in the address: `now`, `s35`, `@trading-2`. */
export function sideFrom(raw: string): Side | null {
  if (raw === "now") return { kind: "now" };
  if (/^s\d+$/.test(raw)) return { kind: "report", sequence: raw.slice(1) };
  return raw.startsWith("@") && raw.length > 1 ? { kind: "peer", instance: raw.slice(1) } : null;
}

export interface SideBySide {
  key: string;
  left: string | null;
  right: string | null;
  different: boolean;
}

/** Each setting of either, by name; a side that does not have it is null. */
export function sideBySide(left: readonly Setting[], right: readonly Setting[]): SideBySide[] {
  const [ours, theirs] = [left, right].map((side) => new Map(side.map(({ key, value }) => [key, value])));
  const keys = [...new Set([...left, ...right].map(({ key }) => key))].sort();
  return keys.map((key) => {
    const [one, other] = [ours?.get(key) ?? null, theirs?.get(key) ?? null];
    return { key, left: one, right: other, different: one !== other };
  });
}
