import { compareNatural } from "@/shared/lib/utils";
import type { Group } from "./documents";
import type { Statistics } from "./statistics";
import type { LeadershipView } from "./view-state";

const HOUR_MS = 3_600_000;

/** The groups that a view asks for: without owner first, then flapping ones, then those that changed last. */
export function select(
  groups: readonly Group[],
  statistics: Statistics | null,
  { q, preset }: Pick<LeadershipView, "q" | "preset">,
  now: number,
): Group[] {
  const needle = q.toLowerCase();
  const flapping = (group: Group): boolean => statistics?.groups.get(group.id)?.flapping ?? false;
  const changed = (group: Group): number => statistics?.groups.get(group.id)?.lastChangeAt ?? 0;
  const takes = (group: Group): boolean => {
    if (preset === "ownerless" && group.instance !== null) return false;
    if (preset === "changed" && now - changed(group) > HOUR_MS) return false;
    if (preset === "flapping" && !flapping(group)) return false;
    return needle === "" || `${group.id} ${group.instance ?? ""}`.toLowerCase().includes(needle);
  };
  return groups
    .filter(takes)
    .sort(
      (a, b) =>
        Number(a.instance !== null) - Number(b.instance !== null) ||
        Number(flapping(b)) - Number(flapping(a)) ||
        compareNatural(a.id, b.id),
    );
}
