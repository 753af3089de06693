import { type ReactNode, useMemo } from "react";
import { Button } from "@/components/ui/button";
import { useStaleSince } from "@/shared/connection/store";
import { cn } from "@/shared/lib/utils";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { useUrlState } from "@/shared/url/use-url-state";
import { GroupsPanel } from "./groups-panel";
import { InstanceTable } from "./instance-table";
import { useLeaders } from "./leaders";
import { matches, toRows } from "./select";
import { useInstances } from "./store";
import { tally } from "./tally";
import { Tiles } from "./tiles";
import { Toolbar } from "./toolbar";
import { useSteadyOrder } from "./use-steady-order";
import { dashboardShape } from "./view-state";

const none: readonly never[] = [];

/** `feed` is the live event feed, which belongs to another feature: the route puts the two together. */
export function DashboardScreen({ feed, onRetry }: { feed: ReactNode; onRetry: () => void }) {
  const { instances, registry, error, pausedAt } = useInstances();
  const leaders = useLeaders((s) => (s.cut ? null : s.leaders));
  const staleSince = useStaleSince();
  const [view, set] = useUrlState(dashboardShape);
  const filtered = useMemo(() => (instances ?? none).filter((i) => matches(i, view)), [instances, view]);
  const sorted = useSteadyOrder(filtered, view, registry.series);
  const rows = useMemo(() => toRows(sorted, view.flat), [sorted, view.flat]);
  const totals = useMemo(() => tally(instances ?? none, leaders), [instances, leaders]);
  const frozenAt = pausedAt ?? staleSince;

  if (instances === null) {
    return error ? <ErrorView error={error} onRetry={onRetry} /> : <Loading what="the registry" />;
  }
  const clear = (): void => set({ q: "", status: [], service: "", leading: false, undefined: false });
  return (
    <div
      className={cn("flex min-h-0 flex-1 flex-col", staleSince !== null && "stale")}
      data-stale={staleSince !== null}
    >
      <Tiles tally={totals} view={view} />
      <div className="flex min-h-0 flex-1 flex-col xl:flex-row">
        <div className="flex min-h-96 min-w-0 flex-1 flex-col">
          <Toolbar view={view} set={set} instances={instances} />
          {instances.length === 0 && <NoInstances />}
          {instances.length > 0 && rows.length === 0 && (
            <Empty title="No instance matches these filters.">
              <Button size="sm" variant="outline" onClick={clear}>
                Clear filters
              </Button>
            </Empty>
          )}
          {rows.length > 0 && (
            <InstanceTable rows={rows} registry={registry} view={view} set={set} frozenAt={frozenAt} />
          )}
        </div>
        <aside
          aria-label="Groups and events"
          className="flex min-h-0 shrink-0 flex-col border-border bg-card max-xl:border-t xl:w-80 xl:border-l min-[87rem]:w-88 2xl:w-104"
        >
          <GroupsPanel
            instances={instances}
            ownerless={view.ownerless}
            onOwnerless={(ownerless) => set({ ownerless })}
            frozenAt={frozenAt}
          />
          {feed}
        </aside>
      </div>
    </div>
  );
}

function NoInstances() {
  return (
    <Empty title="No instance has registered yet.">
      <p>Start one: this brings up the example services, and each appears here within a second.</p>
      <pre className="mt-2 rounded-sm border border-border bg-muted px-3 py-2 text-left font-mono text-xs">
        cargo xtask up
      </pre>
    </Empty>
  );
}
