import { handOver } from "@/shared/actions/carry-out";
import { BulkDialog, type BulkItem } from "@/shared/bulk/bulk-dialog";
import type { Outcome } from "@/shared/bulk/run";
import type { Preview } from "@/shared/bulk/use-previews";
import { plural } from "@/shared/figures/format";
import { client } from "@/shared/graphql/client";
import { errorFromUrql } from "@/shared/graphql/errors";
import { type Group, type Member, Members, StepDownPreview } from "./documents";
import { takersOf } from "./takers";

interface Item extends BulkItem {
  owner: string;
}

const NAMED = 3;

/** Has the owners of many groups hand them over, one group after the other. */
export function BulkStepDown({ groups, onClose }: { groups: readonly Group[]; onClose: () => void }) {
  const items = groups.map(
    ({ id, service, group, instance }): Item => ({
      key: id,
      service,
      name: group,
      owner: instance ?? "",
    }),
  );
  const owners = new Set(items.map(({ service, owner }) => `${service}/${owner}`));
  return (
    <BulkDialog
      items={items}
      onClose={onClose}
      act={{
        verb: "Step down",
        past: "stepped down",
        pending: "Handing over…",
        noun: "group",
        consequence: (
          <p>
            {plural(owners.size, "owner")} {owners.size === 1 ? "hands" : "hand"} over what is chosen, one
            group after the other: calls in flight end first, later ones go to the new owner, which is whoever
            is first.
          </p>
        ),
        preview: previews(),
        run,
      }}
    />
  );
}

/** The members of each service are asked for once. */
function previews(): (item: Item) => Promise<Preview> {
  const asked = new Map<string, Promise<readonly Member[]>>();
  const membersOf = (service: string): Promise<readonly Member[]> => {
    const known = asked.get(service);
    if (known) return known;
    const found = client
      .query(Members, { service })
      .toPromise()
      .then(({ data }) => data?.instances.nodes ?? []);
    asked.set(service, found);
    return found;
  };
  return async ({ service, name, owner }) => {
    const { data, error } = await client.query(StepDownPreview, { service, group: name }).toPromise();
    if (!data?.stepDownPreview) {
      const why = error ? errorFromUrql(error).message : "it is not known any more";
      return { text: why, blocked: true };
    }
    const takers = takersOf(data.stepDownPreview.candidates, await membersOf(service), owner);
    if (takers.length === 0)
      return { text: `leaves ${owner}; no other instance is known to take it`, warn: true };
    const named = takers.slice(0, NAMED).map(({ instance }) => instance);
    const rest = takers.length - named.length;
    return { text: `from ${owner} to ${named.join(" or ")}${rest > 0 ? ` or ${rest} more` : ""}` };
  };
}

async function run({ service, name }: Item, reason: string): Promise<Outcome> {
  const told = await handOver({ service, group: name, to: null }, reason);
  if ("code" in told) return { kind: "failed", error: told };
  return { kind: "done", text: `${told.owner} owns it, term ${told.term}`, recorded: told.recorded };
}
