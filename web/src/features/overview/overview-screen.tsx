import { lazy, Suspense, useCallback, useState } from "react";
import { usePulse } from "@/shared/freshness/pulse";
import type { InstanceRowOf } from "@/shared/instances/documents";
import type { Page } from "@/shared/instances/window";
import { Loading } from "@/shared/ui/states";
import { useMoment } from "@/shared/url/moment";
import { useUrlState } from "@/shared/url/use-url-state";
import { AttentionPanel } from "./attention-panel";
import { Feed } from "./feed";
import { GroupsPanel } from "./groups-panel";
import { Peek } from "./peek";
import { ServicesView } from "./services-view";
import { Tiles } from "./tiles";
import { Toolbar } from "./toolbar";
import { usePastRollups } from "./use-past-rollups";
import { isFiltered, overviewShape } from "./view-state";

/** The long list comes with the machinery of long lists, which the services do not need. */
const InstancesView = lazy(() => import("./instances-view"));

const none: Page["counts"] = new Map();

/** The verdict, the totals, and the list of what there is. */
export function OverviewScreen() {
  const [view, set] = useUrlState(overviewShape);
  const past = useMoment() !== null;
  const all = usePastRollups(view.team === "" ? null : { team: view.team }, true);
  const live = usePulse((s) => s.total);
  const fleet = usePulse((s) => s.counts);
  const everything = past ? (all.rollups ?? []).reduce((sum, each) => sum + each.instances, 0) : live;
  const [found, setFound] = useState<Page["counts"]>(none);
  // Each heartbeat makes another page, and few of them other counts.
  const onPage = useCallback(({ counts }: Page) => setFound(counts), []);
  const onPeek = useCallback(
    (instance: InstanceRowOf) => set({ peek: instance.id }, { replace: true }),
    [set],
  );
  const filtered = isFiltered(view);
  const counts = filtered && view.view === "instances" ? found : (fleet ?? none);
  const list = { view, set, everything, onPeek, onPage };
  return (
    <div className="flex min-h-full">
      <div className="flex min-w-0 flex-1 flex-col">
        <AttentionPanel />
        <Tiles past={all.rollups} team={view.team} />
        <div className="sticky top-0 z-20">
          <Toolbar view={view} set={set} counts={counts} />
        </div>
        {view.view === "instances" ? (
          <Suspense fallback={<Loading what="the instances" rows={16} />}>
            <InstancesView {...list} />
          </Suspense>
        ) : (
          <ServicesView past={all} view={view} set={set} onPeek={onPeek} />
        )}
      </div>
      {view.peek !== "" ? (
        <Peek key={view.peek} id={view.peek} onClose={() => set({ peek: "" }, { replace: true })} />
      ) : (
        <aside
          aria-label="Groups and events"
          className="sticky top-0 h-[calc(100vh-2.5rem)] w-76 shrink-0 overflow-auto border-border border-l bg-card max-[89.99rem]:hidden 2xl:w-96"
        >
          <GroupsPanel />
          <Feed />
        </aside>
      )}
    </div>
  );
}
