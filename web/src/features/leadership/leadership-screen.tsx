import { useMemo, useState } from "react";
import { Button } from "@/components/ui/button";
import { Toggle } from "@/components/ui/toggle";
import { useAttention } from "@/shared/attention/store";
import { ChosenBar } from "@/shared/bulk/chosen-bar";
import { isList } from "@/shared/bulk/load-all";
import { useChosen } from "@/shared/bulk/use-chosen";
import { count } from "@/shared/figures/format";
import { PlansStrip } from "@/shared/plans/plans-strip";
import { ViewsMenu } from "@/shared/saved-views/views-menu";
import { TeamSelect } from "@/shared/teams/team-select";
import { useNow } from "@/shared/time/clock";
import { CopyLink } from "@/shared/ui/copy-link";
import { PageHead } from "@/shared/ui/page-head";
import { SearchField } from "@/shared/ui/search-field";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { useMoment } from "@/shared/url/moment";
import { useUrlState } from "@/shared/url/use-url-state";
import { BulkStepDown } from "./bulk-step-down";
import { DayFacts } from "./day-facts";
import type { Group } from "./documents";
import { GroupTable } from "./group-table";
import { loadGroups } from "./load-groups";
import { useDay } from "./use-day";
import { onlyFlapping, useGroupWindow, WIDEST, WINDOW } from "./use-group-window";
import { filterOf, isFiltered, leadershipShape, presets, views } from "./view-state";

const STEP_MS = 300_000;
/** Keys of the address that no view keeps. */
const PASSING = ["at", "vs"];

/** Who owns which group, for thousands of them. */
export function LeadershipScreen() {
  const [view, set] = useUrlState(leadershipShape);
  const [offset, setOffset] = useState(0);
  const chosen = useChosen<Group>();
  const [asked, setAsked] = useState<readonly Group[] | null>(null);
  const step = Math.floor(useNow() / STEP_MS) * STEP_MS;
  const filter = useMemo(() => filterOf(view, step), [view, step]);
  const flapping = view.preset === "flapping";
  const { page: all, error } = useGroupWindow(filter, flapping ? 0 : offset, flapping ? WIDEST : WINDOW);
  const statistics = useDay();
  const page = useMemo(() => {
    if (!flapping || !all) return all;
    return statistics && onlyFlapping(all, statistics);
  }, [flapping, all, statistics]);
  // What is filtered here, or is of the past, was asked for whole.
  const past = useMoment() !== null;
  const wholeHere = flapping || past;
  const everything = useAttention((s) => s.groups) ?? page?.total ?? 0;
  const clear = (): void => set({ q: "", preset: "all", service: "", team: "" });
  return (
    <>
      <PageHead title="Leadership" actions={<CopyLink />} />
      <PlansStrip service={null} group={null} />
      <DayFacts service={null} group={null} />
      <div
        data-no-print
        className="sticky top-0 z-20 flex h-10 shrink-0 items-center gap-1.5 overflow-x-auto bg-background px-4 max-xl:px-3"
      >
        <SearchField
          label="Filter groups"
          className="w-56 min-w-28 shrink"
          value={view.q}
          onChange={(q) => set({ q }, { replace: true })}
        />
        <fieldset className="flex gap-1">
          <legend className="sr-only">Which</legend>
          {presets.map(({ key, label }) => (
            <Toggle key={key} pressed={view.preset === key} onClick={() => set({ preset: key })}>
              {label}
            </Toggle>
          ))}
        </fieldset>
        <TeamSelect
          team={view.team}
          className="w-36 shrink-0 max-xl:w-28"
          onChoose={(team) => set({ team })}
        />
        {view.service !== "" && (
          <Button variant="outline" className="font-normal" onClick={() => set({ service: "" })}>
            service {view.service} ×
          </Button>
        )}
        <ViewsMenu screen="/leadership" presets={views} passing={PASSING} />
        <span className="ml-auto">
          <ChosenBar
            chosen={chosen.items.size}
            nouns="groups"
            verb="Step down"
            matching={page ? page.total - page.ownerless : null}
            filtered={isFiltered(view)}
            onAll={async (reading) => {
              const told = wholeHere ? (page?.rows ?? []) : await loadGroups(filter, reading);
              if (told === null || !isList(told)) return told;
              const owned = told.filter(({ instance }) => instance !== null);
              chosen.chooseAll(owned.map((group) => [group.id, group] as const));
              return null;
            }}
            onClear={chosen.clear}
            onAct={() => setAsked([...chosen.items.values()])}
          />
        </span>
      </div>
      {asked && (
        <BulkStepDown
          groups={asked}
          onClose={() => {
            setAsked(null);
            chosen.clear();
          }}
        />
      )}
      {error && <ErrorView error={error} />}
      {!error && page === null && <Loading what="the groups" rows={16} />}
      {!error && page !== null && page.total === 0 && (
        <Empty title={isFiltered(view) ? `0 of ${count(everything)} match.` : "No group is known yet."}>
          {isFiltered(view) ? (
            <Button variant="outline" onClick={clear}>
              Clear filters
            </Button>
          ) : (
            <p>A group appears here when an instance owns it for the first time.</p>
          )}
        </Empty>
      )}
      {!error && page !== null && page.total > 0 && (
        <>
          <GroupTable
            page={page}
            statistics={statistics}
            chosen={chosen.items}
            onChoose={chosen.choose}
            onOffset={setOffset}
          />
          <footer className="sticky bottom-0 flex h-8 shrink-0 items-center border-border border-t bg-background px-4 text-muted-foreground text-xs max-xl:px-3">
            <span data-testid="list-count">
              {isFiltered(view)
                ? `${count(page.total)} of ${count(everything)} groups`
                : `${count(page.total)} groups`}
            </span>
          </footer>
        </>
      )}
    </>
  );
}
