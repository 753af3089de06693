import { useState } from "react";
import { Toggle } from "@/components/ui/toggle";
import { NONE, plural } from "@/shared/figures/format";
import type { Setting } from "@/shared/figures/settings";
import { Moment } from "@/shared/time/moment";
import { EventLink } from "@/shared/ui/object-link";
import { Panel } from "@/shared/ui/panel";
import { Table } from "@/shared/ui/table";
import { agreementOf } from "./peers";
import type { Report } from "./reports";
import { type Sources, sourceOf, sourceTitle } from "./sources";
import type { PeerSettings } from "./use-peers";

interface Props {
  settings: readonly Setting[];
  /** Where their values are from. */
  sources: Sources;
  /** What the other instances run with; null before it is known, and of the past. */
  peers: PeerSettings | null;
  changed: ReadonlyMap<string, Report>;
}

/** What is in force, whether others run with the same, and since when. */
export function SettingsPanel({ settings, sources, peers, changed }: Props) {
  const [different, setDifferent] = useState(false);
  const rows = settings.map((setting) => ({
    setting,
    agreement: peers && peers.size > 0 ? agreementOf(setting, peers) : null,
  }));
  const differing = rows.filter(
    ({ agreement }) => agreement && agreement.others.length > 0 && !agreement.ownToEach,
  );
  const shown = different ? differing : rows;
  return (
    <Panel
      title="In force"
      note={`${plural(settings.length, "setting")}, as the instance reported them last`}
      actions={
        peers &&
        peers.size > 0 && (
          <Toggle className="h-6" pressed={different} onClick={() => setDifferent(!different)}>
            Only what differs from peers ({differing.length})
          </Toggle>
        )
      }
      bodyClass="overflow-x-auto p-0"
    >
      <Table
        label="Settings in force"
        columns={[
          { label: "Setting" },
          { label: "Value" },
          { label: "Source" },
          { label: "Peers" },
          { label: "Changed" },
        ]}
      >
        {shown.map(({ setting, agreement }) => (
          <tr key={setting.key} data-setting={setting.key} className="border-border border-b align-baseline">
            <th scope="row" className="px-2 py-1 text-left font-mono font-normal text-xs">
              {setting.key}
            </th>
            <td className="w-full break-all px-2 py-1 font-mono text-xs">{setting.value}</td>
            <td className="whitespace-nowrap px-2 py-1">
              <Source source={sourceOf(setting.key, sources)} />
            </td>
            <td className="whitespace-nowrap px-2 py-1">
              <Peers agreement={agreement} total={peers?.size ?? 0} />
            </td>
            <td className="whitespace-nowrap px-2 py-1">
              <Changed report={changed.get(setting.key)} />
            </td>
          </tr>
        ))}
      </Table>
      {shown.length === 0 && <p className="p-3 text-muted-foreground">All peers run with the same.</p>}
    </Panel>
  );
}

function Source({ source }: { source: string | null }) {
  if (source === null) return <span className="text-muted-foreground">{NONE}</span>;
  // What somebody has set is what one looks for.
  return (
    <span className={source === "default" ? "text-muted-foreground" : undefined} title={sourceTitle(source)}>
      {source}
    </span>
  );
}

function Peers({ agreement, total }: { agreement: ReturnType<typeof agreementOf> | null; total: number }) {
  if (agreement === null) return <span className="text-muted-foreground">{NONE}</span>;
  const { others, ownToEach } = agreement;
  if (others.length === 0) return <span className="text-muted-foreground">same</span>;
  const title = others.map(({ instance, value }) => `${instance}: ${value ?? "not set"}`).join("\n");
  if (ownToEach) {
    return (
      <span className="text-muted-foreground" title={title}>
        own to each
      </span>
    );
  }
  return (
    <span className="font-medium" title={title}>
      ≠ {others.length} of {total}
    </span>
  );
}

function Changed({ report }: { report: Report | undefined }) {
  if (!report) return <span className="text-muted-foreground">{NONE}</span>;
  return (
    <span className="inline-flex items-baseline gap-2">
      <span className={report.differences === null ? "text-muted-foreground" : undefined}>
        <Moment at={report.time} />
      </span>
      <EventLink sequence={report.sequence} />
    </span>
  );
}
