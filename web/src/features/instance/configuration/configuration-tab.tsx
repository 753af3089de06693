import { Columns2 } from "lucide-react";
import { Button } from "@/components/ui/button";
import { settingsOf } from "@/shared/figures/settings";
import { useQuery } from "@/shared/graphql/use-query";
import { useReplay } from "@/shared/replay/store";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { text } from "@/shared/url/codec";
import { useMoment } from "@/shared/url/moment";
import { useUrlState } from "@/shared/url/use-url-state";
import { ConfigurationOf, InstanceEvents } from "../documents";
import { ComparePanel } from "./compare-panel";
import { HistoryPanel } from "./history-panel";
import { LogButton } from "./log-button";
import { changesOf, reportsOf } from "./reports";
import { SettingsPanel } from "./settings-panel";
import type { Sources } from "./sources";
import { usePeers } from "./use-peers";

interface Props {
  service: string;
  instance: string;
}

const TYPES = ["aegis.instance.configuration_reported.v1"];
const none: Sources = new Map();
const shape = { left: text, right: text };

/** What the instance said of its configuration, how it differs from others, and how it changed. */
export function ConfigurationTab({ service, instance }: Props) {
  const { data, error, again } = useQuery(ConfigurationOf, { service, instance });
  const history = useQuery(InstanceEvents, {
    aggregate: `instance.${service}.${instance}`,
    types: TYPES,
    from: null,
  });
  const isPast = useMoment() !== null;
  const until = useReplay((s) => s.sequence);
  const peers = usePeers(service, instance);
  const [{ left, right }, set] = useUrlState(shape);
  if (!data || (isPast && until === null))
    return error ? <ErrorView error={error} onRetry={again} /> : <Loading what="the configuration" />;
  const reports = reportsOf(history.data?.events.nodes ?? [], isPast ? until : null);
  const last = reports.at(-1);
  const present = data.configuration === null ? null : settingsOf(data.configuration);
  const settings = isPast ? (last?.settings ?? null) : present;
  const told = new Map(data.configurationSources.map(({ field, source }) => [field, source]));
  const sources = isPast ? (last?.sources ?? none) : told;
  if (settings === null) return <Empty title={`${instance} has reported no configuration.`} />;
  const comparing = left !== "" && right !== "";
  return (
    <div className="grid grid-cols-1 items-start gap-3 @min-[60rem]:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      {comparing ? (
        <ComparePanel
          service={service}
          instance={instance}
          inForce={settings}
          reports={reports}
          peers={peers.names}
          left={left}
          right={right}
          onChoose={set}
          onClose={() => set({ left: "", right: "" })}
        />
      ) : (
        <div className="flex gap-2 @min-[60rem]:col-span-2">
          <Button
            variant="outline"
            onClick={() => set({ left: "now", right: peers.names[0] ? `@${peers.names[0]}` : "now" })}
          >
            <Columns2 aria-hidden="true" /> Compare side by side…
          </Button>
          {!isPast && (
            <LogButton
              service={service}
              instance={instance}
              filter={settings.find(({ key }) => key === "log")?.value ?? ""}
              onDone={() => {
                again();
                history.again();
              }}
            />
          )}
        </div>
      )}
      <SettingsPanel
        settings={settings}
        sources={sources}
        peers={isPast ? null : peers.settings}
        changed={changesOf(reports)}
      />
      <HistoryPanel
        reports={reports}
        more={history.data?.events.pageInfo.hasPreviousPage ?? false}
        onCompare={(sequence) => set({ left: `s${sequence}`, right: "now" })}
      />
    </div>
  );
}
