import { NONE } from "@/shared/figures/format";
import { formatSpan } from "@/shared/time/duration";
import type { Lease } from "./documents";

/** `61 % of 1.00 s`: the least that was left of a lease before it was renewed, not a countdown that jumps. */
export function LeaseHealth({ lease }: { lease: Lease | undefined }) {
  if (lease === undefined) return <span className="text-muted-foreground">{NONE}</span>;
  const { ms, lowestPercent, natsServer } = lease;
  const where = natsServer === null ? "" : `; it is connected to ${natsServer}`;
  return (
    <span
      className="whitespace-nowrap"
      title={`The least that was left of the lease in the last minute before it was renewed${where}`}
    >
      {lowestPercent} % <span className="text-muted-foreground">of {formatSpan(Number(ms))}</span>
    </span>
  );
}
