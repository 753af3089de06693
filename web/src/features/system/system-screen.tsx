import type { ReactNode } from "react";
import { TabPanel, Tabs } from "@/components/ui/tabs";
import { useQuery } from "@/shared/graphql/use-query";
import { CopyLink } from "@/shared/ui/copy-link";
import { PageHead } from "@/shared/ui/page-head";
import { PresentOnly } from "@/shared/ui/present-only";
import { ErrorView, Loading, Problem } from "@/shared/ui/states";
import { oneOf } from "@/shared/url/codec";
import { useUrlState } from "@/shared/url/use-url-state";
import { ConsumersTab } from "./consumers-tab";
import { SystemFacts } from "./documents";
import { FindingsTab } from "./findings-tab";
import { HealthTab } from "./health-tab";
import { JournalsTab } from "./journals-tab";
import { LeaseStoreTab } from "./lease-store-tab";
import { StreamsTab } from "./streams-tab";
import { useFindings } from "./use-findings";

const EVERY_MS = 2_000;
const tabs = ["health", "streams", "consumers", "journals", "leases", "findings"] as const;
const shape = { tab: oneOf(tabs, "health") };

/** The control plane itself, and what it stands on. */
export function SystemScreen() {
  const [{ tab }, set] = useUrlState(shape);
  const { data, error, again } = useQuery(SystemFacts, {}, { every: EVERY_MS });
  const findings = useFindings(data?.system ?? null);

  const body = (): ReactNode => {
    if (tab === "streams") return <StreamsTab />;
    if (tab === "leases") return <LeaseStoreTab />;
    if (tab === "consumers") return <ConsumersTab />;
    if (tab === "journals") return <JournalsTab />;
    if (!data) {
      return error ? (
        <ErrorView error={error} onRetry={again} />
      ) : (
        <Loading what="the system" onRetry={again} />
      );
    }
    return tab === "findings" ? <FindingsTab findings={findings} /> : <HealthTab facts={data.system} />;
  };

  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <PageHead
        title="System"
        facts={data && error ? <Problem error={error} onRetry={again} /> : <PresentOnly />}
        actions={<CopyLink />}
      />
      <Tabs
        label="Parts of the system"
        tabs={[
          { key: "health", label: "Health" },
          { key: "streams", label: "Streams" },
          { key: "consumers", label: "Consumers" },
          { key: "journals", label: "Journals" },
          { key: "leases", label: "Lease store" },
          { key: "findings", label: "Findings", count: data ? findings.length : undefined },
        ]}
        chosen={tab}
        onChoose={(next) => set({ tab: next })}
      />
      <TabPanel tab={tab} className="flex min-h-0 flex-1 flex-col overflow-auto">
        {body()}
      </TabPanel>
    </div>
  );
}
