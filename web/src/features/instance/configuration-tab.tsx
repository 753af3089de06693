import { useState } from "react";
import { NativeSelect } from "@/components/ui/native-select";
import { shortType } from "@/shared/events/kinds";
import { type Difference, differencesOf, type Setting, settingsOf } from "@/shared/figures/settings";
import { useQuery } from "@/shared/graphql/use-query";
import { Moment } from "@/shared/time/moment";
import { EventLink } from "@/shared/ui/object-link";
import { Panel } from "@/shared/ui/panel";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { ConfigurationOf, InstanceEvents, PeersOf, type RecordedEvent } from "./documents";

interface Props {
  service: string;
  instance: string;
}

const TYPES = ["aegis.instance.configuration_reported.v1"];

/** What the instance said of its configuration, how it differs from others, and how it changed. */
export function ConfigurationTab({ service, instance }: Props) {
  const { data, error, again } = useQuery(ConfigurationOf, { service, instance });
  const history = useQuery(InstanceEvents, {
    aggregate: `instance.${service}.${instance}`,
    types: TYPES,
    from: null,
  });
  const [peer, setPeer] = useState("");
  const peers = useQuery(PeersOf, { service });
  const other = useQuery(ConfigurationOf, peer === "" ? null : { service, instance: peer });
  if (!data)
    return error ? <ErrorView error={error} onRetry={again} /> : <Loading what="the configuration" />;
  if (data.configuration === null) return <Empty title={`${instance} has reported no configuration.`} />;
  const settings = settingsOf(data.configuration);
  const theirs = peer === "" || !other.data ? null : settingsOf(other.data.configuration);
  const names = (peers.data?.instances.nodes ?? [])
    .map((each) => each.instance)
    .filter((name) => name !== instance);
  return (
    <div className="grid grid-cols-1 items-start gap-3 @min-[60rem]:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <Panel
        title="In force"
        note={`${settings.length} settings, as the instance reported them last`}
        actions={
          <NativeSelect
            aria-label="Compare with"
            className="w-52"
            value={peer}
            onChange={(event) => setPeer(event.target.value)}
          >
            <option value="">Compare with…</option>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </NativeSelect>
        }
        bodyClass="p-0"
      >
        <Settings settings={settings} theirs={theirs} peer={peer} />
      </Panel>
      <Panel title="History" note="newest first" bodyClass="p-0">
        <History events={history.data?.events.nodes ?? []} />
      </Panel>
    </div>
  );
}

interface SettingsProps {
  settings: readonly Setting[];
  theirs: readonly Setting[] | null;
  peer: string;
}

function Settings({ settings, theirs, peer }: SettingsProps) {
  const different = new Map(
    (theirs ? differencesOf(settings, theirs) : []).map((each) => [each.key, each.after]),
  );
  const onlyTheirs = (theirs ?? []).filter(({ key }) => !settings.some((each) => each.key === key));
  return (
    <table className="w-full border-collapse">
      <thead className="bg-muted text-left text-xs">
        <tr>
          {["Setting", "Value", ...(theirs ? [peer] : [])].map((label) => (
            <th key={label} scope="col" className="h-7 px-3 font-medium text-muted-foreground">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {[...settings, ...onlyTheirs.map(({ key }) => ({ key, value: "—" }))].map(({ key, value }) => (
          <tr key={key} className="border-border border-t align-top">
            <td className="px-3 py-1 font-mono text-xs">{key}</td>
            <td className="break-all px-3 py-1 font-mono text-xs">{value}</td>
            {theirs && (
              <td className="break-all px-3 py-1 font-mono text-xs">
                {different.has(key) ? (
                  <strong>≠ {different.get(key) ?? "—"}</strong>
                ) : (
                  <span className="text-muted-foreground">same</span>
                )}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function History({ events }: { events: readonly RecordedEvent[] }) {
  const reports = events
    .filter(({ type }) => shortType(type) === "configuration_reported")
    .map(({ sequence, time, data }) => ({
      sequence,
      time,
      settings: settingsOf((data as { configuration?: unknown } | null)?.configuration),
    }));
  const changes = reports.map((report, index) => {
    const before = reports[index - 1];
    return { ...report, differences: before ? differencesOf(before.settings, report.settings) : null };
  });
  if (changes.length === 0) return <p className="p-3 text-muted-foreground">No report is recorded.</p>;
  return (
    <ol>
      {changes.reverse().map(({ sequence, time, differences }) => (
        <li key={String(sequence)} className="border-border border-b px-3 py-1.5 last:border-b-0">
          <p className="flex gap-2">
            <Moment at={time} />
            <EventLink sequence={sequence} />
            {differences === null && <span className="text-muted-foreground">first report</span>}
            {differences?.length === 0 && <span className="text-muted-foreground">the same as before</span>}
          </p>
          {differences?.map((each) => (
            <Change key={each.key} change={each} />
          ))}
        </li>
      ))}
    </ol>
  );
}

function Change({ change: { key, before, after } }: { change: Difference }) {
  return (
    <p className="break-all font-mono text-xs">
      {key}: <del className="text-muted-foreground">{before ?? "not set"}</del> →{" "}
      <ins>{after ?? "not set"}</ins>
    </p>
  );
}
