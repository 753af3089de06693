import { BulkDialog, type BulkItem } from "@/shared/bulk/bulk-dialog";
import type { Outcome } from "@/shared/bulk/run";
import type { Preview } from "@/shared/bulk/use-previews";
import { plural } from "@/shared/figures/format";
import { client } from "@/shared/graphql/client";
import { errorFromUrql } from "@/shared/graphql/errors";
import { patiently } from "@/shared/graphql/patience";
import { drain } from "./carry-out";
import { DrainPreview } from "./documents";
import { isRefused } from "./outcome";

interface Props {
  service: string;
  instances: readonly string[];
  /** How many run now, and how many the definition asks for, where it does. */
  running: number;
  minimum: number | null;
  onClose: () => void;
}

/** Asks many instances of a service to end cleanly, one after the other. */
export function BulkDrain({ service, instances, running, minimum, onClose }: Props) {
  const items = instances.map((name): BulkItem => ({ key: `${service}/${name}`, service, name }));
  const left = Math.max(0, running - items.length);
  return (
    <BulkDialog
      items={items}
      onClose={onClose}
      act={{
        verb: "Drain",
        past: "asked to drain",
        pending: "Asking…",
        noun: "instance",
        danger: true,
        consequence: (
          <>
            <p>
              Each takes no new calls, hands its groups over, finishes what it has, and ends. None comes back
              by itself.
            </p>
            <p className={left < (minimum ?? 1) ? "mt-2 font-medium text-bad" : "mt-2"}>
              {plural(left, "instance")} of {running} that run {left === 1 ? "is" : "are"} left
              {minimum !== null && `; the definition asks for at least ${minimum}`}.
            </p>
          </>
        ),
        preview,
        size: 1,
        run,
      }}
    />
  );
}

const preview = (items: readonly BulkItem[]): Promise<readonly Preview[]> =>
  Promise.all(items.map(previewOf));

async function previewOf({ service, name }: BulkItem): Promise<Preview> {
  const { data, error } = await patiently(
    () => client.query(DrainPreview, { service, instance: name }).toPromise(),
    (answer) => (answer.error ? errorFromUrql(answer.error) : null),
  );
  if (!data?.drainPreview) {
    const why = error ? errorFromUrql(error).message : "it is not known any more";
    return { text: why, blocked: true };
  }
  const { groupCount, groups, inFlight, others } = data.drainPreview;
  const alone = groups.filter(({ candidates }) => candidates.length === 0).length;
  const moves = Number(groupCount) === 0 ? "owns no group" : `${plural(Number(groupCount), "group")} move`;
  const text = `${moves}; ${plural(Number(inFlight), "call")} in flight`;
  if (Number(others) === 0) return { text: `${text}; nobody else runs`, warn: true };
  return alone > 0
    ? { text: `${text}; no other instance is known to take ${alone} of them`, warn: true }
    : { text };
}

async function run({ service, name }: BulkItem, reason: string): Promise<Outcome> {
  const told = await drain({ service, instance: name }, reason);
  if (isRefused(told)) return { kind: "failed", error: told };
  return { kind: "done", text: "asked to drain", recorded: told.recorded };
}
