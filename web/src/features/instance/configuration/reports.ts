import { shortType } from "@/shared/events/kinds";
import { type Difference, differencesOf, type Setting, settingsOf } from "@/shared/figures/settings";
import type { Whole } from "@/shared/graphql/exact";
import type { RecordedEvent } from "../documents";
import { type Sources, sourcesFrom } from "./sources";

/** What an instance said of its configuration once. */
export interface Report {
  sequence: Whole;
  time: string;
  settings: readonly Setting[];
  /** Where the value of each field is from, where the instance said so. */
  sources: Sources;
  /** What is different from the report before; null of the first that is known. */
  differences: readonly Difference[] | null;
}

/** Oldest first, up to the moment that the page shows. */
export function reportsOf(events: readonly RecordedEvent[], until: Whole | null): readonly Report[] {
  const told = events
    .filter(({ type }) => shortType(type) === "configuration_reported")
    .filter(({ sequence }) => until === null || sequence <= until)
    .map(({ sequence, time, data }) => ({
      sequence,
      time,
      settings: settingsOf((data as { configuration?: unknown } | null)?.configuration),
      sources: sourcesFrom(data),
    }));
  return told.map((report, index) => {
    const before = told[index - 1];
    return { ...report, differences: before ? differencesOf(before.settings, report.settings) : null };
  });
}

/** The report that gave each setting its present value; those that no report changed have had it since the first one. */
export function changesOf(reports: readonly Report[]): ReadonlyMap<string, Report> {
  const changed = new Map<string, Report>();
  for (const report of reports) {
    const keys = report.differences ?? report.settings;
    for (const { key } of keys) changed.set(key, report);
  }
  return changed;
}
