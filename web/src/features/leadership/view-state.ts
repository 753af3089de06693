import type { VariablesOf } from "@/gql";
import type { SavedView } from "@/shared/saved-views/store";
import { oneOf, text, type Values } from "@/shared/url/codec";
import type { GroupWindow } from "./documents";

export const leadershipShape = {
  q: text,
  service: text,
  team: text,
  preset: oneOf(["all", "ownerless", "changed", "flapping"], "all"),
};

export type LeadershipView = Values<typeof leadershipShape>;

export const presets: { key: LeadershipView["preset"]; label: string }[] = [
  { key: "all", label: "All" },
  { key: "ownerless", label: "No owner" },
  { key: "changed", label: "Changed last hour" },
  { key: "flapping", label: "Flapping" },
];

/** Views that everybody has, beside those that the toolbar offers as switches. */
export const views: readonly SavedView[] = presets.map(({ key, label }) => ({
  name: key === "all" ? "All groups" : label,
  search: key === "all" ? "" : `preset=${key}`,
}));

const HOUR_MS = 3_600_000;

/** The filter of the server that a view means; `now` moves in steps, so that the list is not followed anew each second. */
export function filterOf(
  { q, service, team, preset }: LeadershipView,
  now: number,
): VariablesOf<typeof GroupWindow>["filter"] {
  return {
    ...(q !== "" && { text: q.slice(0, 200) }),
    ...(service !== "" && { service }),
    ...(team !== "" && { team }),
    ...(preset === "ownerless" && { ownerless: true }),
    // Who has changed owner three times within an hour has changed within the last one, or flaps no more.
    ...((preset === "changed" || preset === "flapping") && {
      changedSince: new Date(now - HOUR_MS).toISOString(),
    }),
  };
}

export const isFiltered = ({ q, service, team, preset }: LeadershipView): boolean =>
  q !== "" || service !== "" || team !== "" || preset !== "all";
