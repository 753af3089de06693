import { Crown, UserX } from "lucide-react";
import { compareNatural } from "@/shared/lib/utils";
import { Age } from "@/shared/time/age";
import { GroupLink, InstanceLink } from "@/shared/ui/object-link";
import type { LeaderOf } from "./documents";
import type { Seen } from "./use-service";

const SHOWN = 12;

/** Without owner first, then those that changed last. */
export function sortGroups(leaders: readonly LeaderOf[]): LeaderOf[] {
  return [...leaders].sort(
    (a, b) =>
      Number(a.instance !== null) - Number(b.instance !== null) ||
      Date.parse(b.since) - Date.parse(a.since) ||
      compareNatural(a.group, b.group),
  );
}

export function Owner({ service, owner }: { service: string; owner: string | null }) {
  if (owner === null) {
    return (
      <span className="flex items-center gap-1 font-medium text-bad">
        <UserX aria-hidden="true" className="size-3 shrink-0" /> No owner
      </span>
    );
  }
  return (
    <span className="flex min-w-0 items-center gap-1 text-lead">
      <Crown aria-hidden="true" className="size-3 shrink-0" />
      <InstanceLink service={service} instance={owner} className="font-normal" />
    </span>
  );
}

export function GroupsList({ seen: { service, leaders, groups } }: { seen: Seen }) {
  const sorted = sortGroups(leaders);
  if (sorted.length === 0) return <p className="p-3 text-muted-foreground">It has no groups.</p>;
  return (
    <ul>
      {sorted.slice(0, SHOWN).map(({ id, group, term, instance, since }) => (
        <li
          key={id}
          className="grid h-7 grid-cols-[minmax(0,2fr)_minmax(0,3fr)_3rem] items-center gap-2 border-border border-b px-3 last:border-b-0"
        >
          <span className="flex min-w-0 items-center gap-1">
            <GroupLink service={service.name} group={group} />
            <span className="text-muted-foreground text-xs" title="Term">
              {String(term)}
            </span>
          </span>
          <Owner service={service.name} owner={instance} />
          <span className="text-right text-muted-foreground text-xs">
            <Age since={since} short />
          </span>
        </li>
      ))}
      {groups > SHOWN && <li className="px-3 py-1 text-muted-foreground">and {groups - SHOWN} more</li>}
    </ul>
  );
}
