import type { VariablesOf } from "@/gql";
import { type Followed, useFollowed } from "@/shared/live/use-followed";
import { type InstanceUpdate, InstanceWindow } from "./documents";
import { usePast } from "./use-past";
import { applyToPage, type Page } from "./window";

export type WindowQuery = VariablesOf<typeof InstanceWindow>;

export type InstanceWindowState = Followed<Page>;

/** Follows one window of the list of instances, or tells how it was at the moment that the page shows. */
export function useInstanceWindow(query: WindowQuery | null): InstanceWindowState {
  const past = usePast(query);
  const followed = useFollowed(InstanceWindow, past.is ? null : query, (before: Page | null, data) =>
    applyToPage(before, data.instanceChanges as InstanceUpdate),
  );
  return past.is ? past : followed;
}
