import { X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { NativeSelect } from "@/components/ui/native-select";
import { Toggle } from "@/components/ui/toggle";
import { type Setting, settingsOf } from "@/shared/figures/settings";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { formatSecond } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { Panel } from "@/shared/ui/panel";
import { Table } from "@/shared/ui/table";
import { ConfigurationOf } from "../documents";
import type { Report } from "./reports";
import { type Side, sideBySide, sideFrom } from "./sides";

interface Props {
  service: string;
  instance: string;
  inForce: readonly Setting[];
  reports: readonly Report[];
  /** Names of the other instances. */
  peers: readonly string[];
  left: string;
  right: string;
  onChoose: (sides: { left?: string; right?: string }) => void;
  onClose: () => void;
}

/** Two configurations side by side: what is in force, any report of it, what another instance runs with. */
export function ComparePanel(props: Props) {
  const { service, instance, left, right, onChoose, onClose } = props;
  const [all, setAll] = useState(false);
  const one = useSide(props, sideFrom(left));
  const other = useSide(props, sideFrom(right));
  const rows = one && other ? sideBySide(one, other) : null;
  const different = rows?.filter((each) => each.different).length ?? 0;
  const shown = rows?.filter((each) => all || each.different) ?? [];
  return (
    <Panel
      title="Side by side"
      note={
        rows === null
          ? ""
          : different === 0
            ? "nothing differs"
            : `${different} ${different === 1 ? "differs" : "differ"}`
      }
      className="@min-[60rem]:col-span-2"
      actions={
        <>
          <Choice label="Left" value={left} onChange={(value) => onChoose({ left: value })} {...props} />
          <Choice label="Right" value={right} onChange={(value) => onChoose({ right: value })} {...props} />
          <Toggle className="h-6" pressed={all} onClick={() => setAll(!all)}>
            All settings
          </Toggle>
          <Button variant="ghost" size="icon" aria-label="Close the comparison" onClick={onClose}>
            <X aria-hidden="true" />
          </Button>
        </>
      }
      bodyClass="overflow-x-auto p-0"
    >
      {rows === null ? (
        <p className="p-3 text-muted-foreground">
          Choose what stands on either side of {`${service}/${instance}`}.
        </p>
      ) : (
        <Table label="Side by side" columns={[{ label: "Setting" }, { label: "Left" }, { label: "Right" }]}>
          {shown.map((each) => (
            <tr
              key={each.key}
              data-testid="side-by-side"
              className={cn("border-border border-b align-baseline", each.different && all && "bg-selected")}
            >
              <th scope="row" className="px-2 py-1 text-left font-mono font-normal text-xs">
                {each.different && all && <span className="sr-only">differs: </span>}
                {each.key}
              </th>
              <td className="w-1/2 break-all px-2 py-1 font-mono text-xs">{each.left ?? "not set"}</td>
              <td className="w-1/2 break-all px-2 py-1 font-mono text-xs">{each.right ?? "not set"}</td>
            </tr>
          ))}
        </Table>
      )}
      {rows !== null && shown.length === 0 && (
        <p className="p-3 text-muted-foreground">Both say the same, in {rows.length} settings.</p>
      )}
    </Panel>
  );
}

/** What a side says; null before it is known. */
function useSide({ service, inForce, reports }: Props, side: Side | null): readonly Setting[] | null {
  const peer = side?.kind === "peer" ? side.instance : null;
  const { data, of } = useQuery(ConfigurationOf, peer === null ? null : { service, instance: peer });
  if (side === null) return null;
  if (side.kind === "now") return inForce;
  if (side.kind === "report") {
    return reports.find(({ sequence }) => String(sequence) === side.sequence)?.settings ?? null;
  }
  return data && of?.instance === peer ? settingsOf(data.configuration) : null;
}

interface ChoiceProps extends Pick<Props, "reports" | "peers"> {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

function Choice({ label, value, reports, peers, onChange }: ChoiceProps) {
  const zone = useZone((s) => s.zone);
  return (
    <NativeSelect
      aria-label={label}
      className="w-52 max-lg:w-32"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="now">In force here</option>
      <optgroup label="Reports of it">
        {[...reports].reverse().map(({ sequence, time }) => (
          <option key={String(sequence)} value={`s${sequence}`}>
            {`seq ${sequence}, ${formatSecond(time, zone, Date.now())}`}
          </option>
        ))}
      </optgroup>
      <optgroup label="Other instances">
        {peers.map((name) => (
          <option key={name} value={`@${name}`}>
            {name}
          </option>
        ))}
      </optgroup>
    </NativeSelect>
  );
}
