import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { TabPanel, Tabs } from "@/components/ui/tabs";
import { useTruth } from "@/shared/freshness/truth";
import { useBreach } from "@/shared/limits/store";
import { MethodsTable } from "@/shared/methods/methods-table";
import { MaintenanceButton } from "@/shared/plans/maintenance-button";
import { PlansStrip } from "@/shared/plans/plans-strip";
import { shownState } from "@/shared/status/shown";
import { StateBadge } from "@/shared/status/state-badge";
import { Age } from "@/shared/time/age";
import { useNow } from "@/shared/time/clock";
import { CopyLink } from "@/shared/ui/copy-link";
import { PageHead } from "@/shared/ui/page-head";
import { Panel } from "@/shared/ui/panel";
import { Empty, ErrorView, Loading, Problem } from "@/shared/ui/states";
import { oneOf } from "@/shared/url/codec";
import { useUrlState } from "@/shared/url/use-url-state";
import { CompareTab } from "./compare/compare-tab";
import { DefinitionTab } from "./definition-tab";
import { DependenciesTab } from "./dependencies/dependencies-tab";
import { GroupsTab } from "./groups-tab";
import { InstancesTab } from "./instances-tab";
import { OverviewTab } from "./overview-tab";
import { useService } from "./use-service";
import { verdictOf } from "./verdict";

const shape = {
  tab: oneOf(
    ["overview", "instances", "methods", "groups", "dependencies", "compare", "definition", "events"],
    "overview",
  ),
};

interface Props {
  service: string;
  /** The events of the service, which belong to another feature: the route puts the two together. */
  events: ReactNode;
}

export function ServiceScreen({ service: name, events }: Props) {
  const [{ tab }, set] = useUrlState(shape);
  const { seen, error, again } = useService(name);
  const truth = useTruth();
  const now = useNow();
  const breach = useBreach(name);
  const crumbs = [{ label: "Overview", to: "/" }];
  if (seen === undefined) {
    return (
      <>
        <PageHead title={name} crumbs={crumbs} />
        {error ? <ErrorView error={error} onRetry={again} /> : <Loading what={name} onRetry={again} />}
      </>
    );
  }
  if (seen === null) {
    return (
      <>
        <PageHead title={name} crumbs={crumbs} />
        <Empty title={`No service ${name} is known.`}>
          <p>It has no definition, and no instance of it is in the registry.</p>
        </Empty>
      </>
    );
  }
  const { service, page, leaders, groups } = seen;
  const { worst, text, since } = verdictOf({ ...service, ...page, leaders });
  const shown = shownState({ status: worst, lastBeatAt: null }, truth, now);
  return (
    <>
      <PageHead
        title={name}
        crumbs={crumbs}
        facts={
          <>
            <StateBadge shown={shown} soft />
            <span className="min-w-0 truncate" title={text}>
              {text}
              {since && (
                <span className="text-muted-foreground">
                  {" "}
                  · <Age since={since} />
                </span>
              )}
            </span>
            {breach && (
              <span className="flex min-w-0 items-center gap-1 text-warn" title={breach.text}>
                <TriangleAlert aria-hidden="true" className="size-3.5 shrink-0" />
                <span className="truncate">{breach.text}</span>
                {breach.since !== null && (
                  <span className="shrink-0">
                    · <Age since={new Date(breach.since).toISOString()} />
                  </span>
                )}
              </span>
            )}
            <span className="shrink-0 text-muted-foreground max-xl:hidden">
              {service.versions.join(", ") || "no version"}
              {service.definition && ` · ${service.definition.owner}`}
            </span>
          </>
        }
        actions={
          <>
            {groups > 0 && <MaintenanceButton service={name} group={null} />}
            <CopyLink />
          </>
        }
      />
      <PlansStrip service={name} group={null} />
      <Tabs
        label={`Parts of ${name}`}
        chosen={tab}
        onChoose={(next) => set({ tab: next })}
        tabs={[
          { key: "overview", label: "Overview" },
          { key: "instances", label: "Instances", count: page.total },
          { key: "methods", label: "Methods" },
          { key: "groups", label: "Groups", count: groups },
          { key: "dependencies", label: "Dependencies" },
          { key: "compare", label: "Compare" },
          { key: "definition", label: "Definition" },
          { key: "events", label: "Events" },
        ]}
      />
      <TabPanel tab={tab} className="@container flex flex-col gap-3 p-4 max-xl:p-3">
        {error && <Problem error={error} onRetry={again} />}
        {tab === "overview" && <OverviewTab seen={seen} />}
        {tab === "instances" && <InstancesTab seen={seen} />}
        {tab === "methods" && (
          <Panel title="Methods" note="in the last minute" bodyClass="p-0">
            <MethodsTable service={name} instance={null} />
          </Panel>
        )}
        {tab === "groups" && <GroupsTab seen={seen} />}
        {tab === "dependencies" && <DependenciesTab service={service} />}
        {tab === "compare" && <CompareTab service={service} />}
        {tab === "definition" && <DefinitionTab seen={seen} />}
        {tab === "events" && events}
      </TabPanel>
    </>
  );
}
