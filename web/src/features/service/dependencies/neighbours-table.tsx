import { Figure } from "@/shared/figures/figure";
import { latency, percent, rate } from "@/shared/figures/format";
import { lasting, overErrors, overP99 } from "@/shared/limits/limits";
import { useBeyond, useLimitsOf } from "@/shared/limits/store";
import { useNow } from "@/shared/time/clock";
import { ServiceLink } from "@/shared/ui/object-link";
import { rowClass, Table } from "@/shared/ui/table";
import { NeighbourState } from "./neighbour-state";
import type { Neighbour, Neighbours } from "./neighbours";

const wide = "hidden @min-[46rem]:table-cell";
const columns = [
  { label: "Direction", className: "pl-3" },
  { label: "Service" },
  { label: "State" },
  { label: "Why" },
  { label: "Calls/s", right: true, className: wide },
  { label: "p99 ms", right: true, className: wide },
  { label: "Errors %", right: true, className: wide },
];

/** The same as the map, as text. */
export function NeighboursTable({ near }: { near: Neighbours }) {
  if (near.calls.length + near.usedBy.length === 0) {
    return (
      <p className="p-3 text-muted-foreground">
        It has called no other service since its instances started, and none has called it.
      </p>
    );
  }
  return (
    <div className="@container">
      <Table label="Dependencies" columns={columns}>
        {near.usedBy.map((each) => (
          <Row key={`by ${each.name}`} direction="called by" of={each} />
        ))}
        {near.calls.map((each) => (
          <Row key={`to ${each.name}`} direction="calls" of={each} />
        ))}
      </Table>
    </div>
  );
}

function Row({ direction, of }: { direction: string; of: Neighbour }) {
  const limits = useLimitsOf(of.name);
  const beyond = useBeyond(of.name);
  const now = useNow();
  return (
    <tr data-testid="dependency-row" data-service={of.name} data-direction={direction} className={rowClass}>
      <td className="whitespace-nowrap px-2 pl-3 text-muted-foreground">{direction}</td>
      <td className="px-2">
        <ServiceLink service={of.name} />
      </td>
      <td className="whitespace-nowrap px-2">
        <NeighbourState of={of} />
      </td>
      <td className="w-full max-w-0 truncate px-2 text-muted-foreground" title={of.cause}>
        {of.cause}
      </td>
      <td className={`px-2 text-right ${wide}`}>
        <Figure text={rate(of.callsPerSecond)} />
      </td>
      <td className={`px-2 text-right ${wide}`}>
        <Figure text={latency(of.p99Ms)} over={lasting(overP99(limits, of.p99Ms), beyond.p99, now)} />
      </td>
      <td className={`px-2 text-right ${wide}`}>
        <Figure
          text={percent(of.errorPercent)}
          over={lasting(overErrors(limits, of.errorPercent), beyond.errors, now)}
        />
      </td>
    </tr>
  );
}
