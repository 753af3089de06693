import { handOver } from "@/shared/actions/carry-out";
import { BulkDialog, type BulkItem } from "@/shared/bulk/bulk-dialog";
import type { Outcome } from "@/shared/bulk/run";
import type { Preview } from "@/shared/bulk/use-previews";
import { plural } from "@/shared/figures/format";
import { client } from "@/shared/graphql/client";
import { errorFromUrql } from "@/shared/graphql/errors";
import { patiently } from "@/shared/graphql/patience";
import { MembersOfGroups } from "@/shared/members/documents";
import { standbysOf } from "@/shared/members/standbys";
import { MOST } from "@/shared/members/use-members";
import type { Group } from "./documents";

interface Item extends BulkItem {
  owner: string;
}

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
        preview,
        size: MOST,
        run,
      }}
    />
  );
}

async function preview(items: readonly Item[]): Promise<readonly Preview[]> {
  const { data, error } = await patiently(
    () => client.query(MembersOfGroups, { ids: items.map(({ key }) => key) }).toPromise(),
    (answer) => (answer.error ? errorFromUrql(answer.error) : null),
  );
  const found = new Map((data?.groupMembers ?? []).map((each) => [each.id, each]));
  const why = error ? errorFromUrql(error).message : "it is not known any more";
  return items.map(({ key, owner }) => {
    const members = found.get(key);
    if (!members) return { text: why, blocked: true };
    const { names, more } = standbysOf(members);
    if (names.length === 0)
      return { text: `leaves ${owner}; no other instance is known to take it`, warn: true };
    return { text: `from ${owner} to ${names.join(" or ")}${more > 0 ? ` or ${more} more` : ""}` };
  });
}

async function run({ service, name }: Item, reason: string): Promise<Outcome> {
  const told = await handOver({ service, group: name, to: null }, reason);
  if ("code" in told) return { kind: "failed", error: told };
  return { kind: "done", text: `${told.owner} owns it, term ${told.term}`, recorded: told.recorded };
}
