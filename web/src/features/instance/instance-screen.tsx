import { type ReactNode, useState } from "react";
import { Button } from "@/components/ui/button";
import { TabPanel, Tabs } from "@/components/ui/tabs";
import { drainAct, forgetAct } from "@/shared/actions/instance-acts";
import { plural } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import type { Instance } from "@/shared/instances/documents";
import { flagsOf } from "@/shared/instances/flags";
import { useInstance } from "@/shared/instances/use-instance";
import { useLostLeases } from "@/shared/leases/use-lost-leases";
import { MethodsTable } from "@/shared/methods/methods-table";
import { MetricsGrid } from "@/shared/metrics/metrics-grid";
import { PlansStrip } from "@/shared/plans/plans-strip";
import { Flags } from "@/shared/status/flag";
import { shownState } from "@/shared/status/shown";
import { StateBadge } from "@/shared/status/state-badge";
import { hasEnded } from "@/shared/status/status";
import { Age } from "@/shared/time/age";
import { useNow } from "@/shared/time/clock";
import { Moment } from "@/shared/time/moment";
import { ActionButton } from "@/shared/ui/action-button";
import { type Act, ActionDialog } from "@/shared/ui/action-dialog";
import { CopyLink } from "@/shared/ui/copy-link";
import { useNotices } from "@/shared/ui/notice";
import { PageHead } from "@/shared/ui/page-head";
import { Panel } from "@/shared/ui/panel";
import { ErrorView, Loading, sentence } from "@/shared/ui/states";
import { oneOf } from "@/shared/url/codec";
import { servicePath } from "@/shared/url/links";
import { useUrlState } from "@/shared/url/use-url-state";
import { BeatStrip } from "./beat-strip";
import { ConfigurationTab } from "./configuration/configuration-tab";
import { GroupsTab } from "./groups-tab";
import { OwnMetrics } from "./own-metrics";
import { RecordTab } from "./record-tab";
import { StateLane } from "./state-lane";

const shape = { tab: oneOf(["metrics", "configuration", "groups", "events", "record"], "metrics") };

interface Props {
  service: string;
  instance: string;
  /** Its events, which belong to another feature: the route puts the two together. */
  events: ReactNode;
}

export function InstanceScreen({ service, instance: name, events }: Props) {
  const [{ tab }, set] = useUrlState(shape);
  const { instance, error } = useInstance(service, name);
  const head = {
    title: name,
    crumbs: [
      { label: "Overview", to: "/" },
      { label: service, to: servicePath(service) },
    ],
  };
  if (instance === undefined) {
    return (
      <>
        <PageHead {...head} />
        {error ? <ErrorView error={error} /> : <Loading what={name} />}
      </>
    );
  }
  return (
    <>
      <PageHead
        {...head}
        facts={instance ? <Facts instance={instance} /> : <span>It is no longer in the registry.</span>}
        actions={
          <>
            <CopyId id={`${service}/${name}`} />
            {instance && <Actions instance={instance} />}
            <CopyLink />
          </>
        }
      />
      {instance && instance.groups.length > 0 && <PlansStrip service={service} group={null} />}
      {instance?.reason && <p className="px-4 pb-2 max-xl:px-3">{sentence(instance.reason)}</p>}
      <div className="grid grid-cols-1 gap-4 px-4 pb-3 max-xl:px-3 xl:grid-cols-2">
        <StateLane service={service} instance={name} />
        <BeatStrip service={service} instance={name} lastBeatAt={instance?.lastBeatAt ?? null} />
      </div>
      <Tabs
        label={`Parts of ${name}`}
        chosen={tab}
        onChoose={(next) => set({ tab: next })}
        tabs={[
          { key: "metrics", label: "Metrics" },
          { key: "configuration", label: "Configuration" },
          { key: "groups", label: "Groups", count: instance?.groups.length },
          { key: "events", label: "Events" },
          { key: "record", label: "Record" },
        ]}
      />
      <TabPanel tab={tab} className="@container p-4 max-xl:p-3">
        {tab === "metrics" && (
          <div className="flex flex-col gap-3">
            <MetricsGrid service={service} instance={name} />
            <OwnMetrics service={service} instance={name} />
            <Panel title="Methods" note="in the last minute" bodyClass="p-0">
              <MethodsTable service={service} instance={name} />
            </Panel>
          </div>
        )}
        {tab === "configuration" && <ConfigurationTab service={service} instance={name} />}
        {tab === "groups" && instance && <GroupsTab instance={instance} />}
        {tab === "events" && events}
        {tab === "record" && <RecordTab service={service} instance={name} />}
      </TabPanel>
    </>
  );
}

function Facts({ instance }: { instance: Instance }) {
  const truth = useTruth();
  const now = useNow();
  return (
    <>
      <StateBadge
        shown={shownState({ ...instance, leaseLostAt: useLostLeases().get(instance.id) }, truth, now)}
        soft
      />
      <span className="shrink-0">
        since <Moment at={instance.statusSince} /> (<Age since={instance.statusSince} />)
      </span>
      <span className="min-w-0 truncate text-muted-foreground">
        {instance.version}
        {instance.groups.length > 0 && ` · owner of ${plural(instance.groups.length, "group")}`}
        {labelsOf(instance.labels)}
      </span>
      <Flags flags={flagsOf(instance)} />
    </>
  );
}

function labelsOf(labels: unknown): string {
  return Object.entries((labels ?? {}) as Record<string, string>)
    .map(([key, value]) => ` · ${key}=${value}`)
    .join("");
}

function CopyId({ id }: { id: string }) {
  const tell = useNotices((s) => s.tell);
  return (
    <Button
      variant="ghost"
      className="max-xl:hidden"
      onClick={() => void navigator.clipboard?.writeText(id).then(() => tell(`${id} is copied.`))}
    >
      Copy id
    </Button>
  );
}

function Actions({ instance }: { instance: Instance }) {
  const [act, setAct] = useState<Act | null>(null);
  const tell = useNotices((s) => s.tell);
  const ended = hasEnded(instance.status);
  const { instance: name } = instance;
  return (
    <>
      <ActionButton needs="OPERATOR" onClick={() => setAct(ended ? forgetAct(instance) : drainAct(instance))}>
        {ended ? "Forget…" : "Drain…"}
      </ActionButton>
      {act && (
        <ActionDialog
          act={act}
          onClose={() => setAct(null)}
          onDone={(recorded) => {
            setAct(null);
            tell(ended ? `${name} is forgotten.` : `${name} has been asked to drain.`, false, recorded);
          }}
        />
      )}
    </>
  );
}
