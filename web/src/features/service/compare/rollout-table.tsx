import { Figure } from "@/shared/figures/figure";
import { count, latency, percent, rate } from "@/shared/figures/format";
import { lasting, overErrors, overP99 } from "@/shared/limits/limits";
import { useLimitsOf } from "@/shared/limits/store";
import { useNow } from "@/shared/time/clock";
import { InstanceLink } from "@/shared/ui/object-link";
import { rowClass, Table } from "@/shared/ui/table";
import type { VersionRow } from "./rollout";
import { useVersionsSince } from "./use-versions-since";

const columns = [
  { label: "Version", className: "pl-3" },
  { label: "Instances", right: true },
  { label: "Share", className: "w-40" },
  { label: "Running", right: true },
  { label: "Calls/s", right: true },
  { label: "Errors %", right: true },
  { label: "p99 ms, slowest", right: true },
  { label: "Slowest instance" },
];

interface Props {
  service: string;
  rows: readonly VersionRow[];
  /** The version that the definition asks for. */
  declared: string | null;
}

/** How far a roll-out has come, and how each version does. */
export function RolloutTable({ service, rows, declared }: Props) {
  const limits = useLimitsOf(service);
  const now = useNow();
  const since = useVersionsSince(rows, limits, now);
  const all = rows.reduce((sum, { ids }) => sum + ids.length, 0);
  return (
    <div className="overflow-x-auto">
      <Table label="Versions" columns={columns}>
        {rows.map((row) => (
          <tr key={row.version} data-testid="version-row" data-version={row.version} className={rowClass}>
            <td className="whitespace-nowrap px-2 pl-3 font-medium">
              {row.version}
              {row.version === declared && (
                <span className="ml-1.5 font-normal text-muted-foreground text-xs">declared</span>
              )}
            </td>
            <td className="px-2 text-right">{count(row.ids.length)}</td>
            <td className="px-2">
              <Share of={row.ids.length} all={all} />
            </td>
            <td className="px-2 text-right">{count(row.running)}</td>
            <td className="px-2 text-right">
              <Figure text={rate(row.callsPerSecond)} />
            </td>
            <td className="px-2 text-right">
              <Figure
                text={percent(row.errorPercent)}
                over={lasting(overErrors(limits, row.errorPercent), since.get(row.version)?.errors, now)}
              />
            </td>
            <td className="px-2 text-right">
              <Figure
                text={latency(row.worstP99Ms)}
                over={lasting(overP99(limits, row.worstP99Ms), since.get(row.version)?.p99, now)}
              />
            </td>
            <td className="px-2">
              {row.worstInstance === null ? (
                <span className="text-muted-foreground">—</span>
              ) : (
                <InstanceLink service={service} instance={row.worstInstance} className="font-normal" />
              )}
            </td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

/** The share of the instances as a bar beside its figure. */
function Share({ of, all }: { of: number; all: number }) {
  return (
    <span className="flex items-center gap-2">
      <span aria-hidden="true" className="flex h-1.5 w-20 overflow-hidden rounded-sm bg-muted">
        <span className="bg-series-1" style={{ flexGrow: of }} />
        <span style={{ flexGrow: all - of }} />
      </span>
      <span className="text-muted-foreground text-xs">{Math.round((of * 100) / Math.max(1, all))} %</span>
    </span>
  );
}
