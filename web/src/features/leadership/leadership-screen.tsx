import { useMemo } from "react";
import { Button } from "@/components/ui/button";
import { Toggle } from "@/components/ui/toggle";
import { count } from "@/shared/figures/format";
import { useNow } from "@/shared/time/clock";
import { CopyLink } from "@/shared/ui/copy-link";
import { PageHead } from "@/shared/ui/page-head";
import { SearchField } from "@/shared/ui/search-field";
import { Empty, ErrorView, Loading, Problem } from "@/shared/ui/states";
import { useUrlState } from "@/shared/url/use-url-state";
import { DayFacts } from "./day-facts";
import { GroupTable } from "./group-table";
import { select } from "./select";
import { useDay } from "./use-day";
import { useGroups } from "./use-groups";
import { leadershipShape, presets } from "./view-state";

const MINUTE_MS = 60_000;

/** Who owns which group, for thousands of them. */
export function LeadershipScreen() {
  const [view, set] = useUrlState(leadershipShape);
  const { groups, total, error, again } = useGroups(view.service);
  const day = useDay();
  const minute = Math.floor(useNow() / MINUTE_MS) * MINUTE_MS;
  const shown = useMemo(
    () => (groups === null ? null : select(groups, day?.statistics ?? null, view, minute)),
    [groups, day, view, minute],
  );
  return (
    <>
      <PageHead title="Leadership" facts={day && <DayFacts day={day} />} actions={<CopyLink />} />
      <div className="sticky top-0 z-20 flex h-10 shrink-0 items-center gap-1.5 bg-background px-4 max-xl:px-3">
        <SearchField
          label="Filter groups"
          className="w-56 shrink"
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
        {view.service !== "" && (
          <Button variant="outline" className="font-normal" onClick={() => set({ service: "" })}>
            service {view.service} ×
          </Button>
        )}
      </div>
      {error && groups !== null && <Problem error={error} onRetry={again} />}
      {groups === null &&
        (error ? (
          <ErrorView error={error} onRetry={again} />
        ) : (
          <Loading what="the groups" onRetry={again} rows={16} />
        ))}
      {groups !== null && groups.length === 0 && (
        <Empty title="No group is known yet.">
          <p>A group appears here when an instance owns it for the first time.</p>
        </Empty>
      )}
      {shown !== null && shown.length > 0 && (
        <GroupTable groups={shown} statistics={day?.statistics ?? null} />
      )}
      {groups !== null && groups.length > 0 && shown?.length === 0 && (
        <Empty title={`0 of ${count(total)} match.`}>
          <Button variant="outline" onClick={() => set({ q: "", preset: "all", service: "" })}>
            Clear filters
          </Button>
        </Empty>
      )}
      {shown !== null && shown.length > 0 && (
        <footer className="sticky bottom-0 flex h-8 shrink-0 items-center border-border border-t bg-background px-4 text-muted-foreground text-xs max-xl:px-3">
          <span data-testid="list-count">
            {shown.length === total
              ? `${count(total)} groups`
              : `${count(shown.length)} of ${count(total)} groups`}
          </span>
        </footer>
      )}
    </>
  );
}
