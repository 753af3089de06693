import { Crown } from "lucide-react";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { plural } from "@/shared/figures/format";
import { compareNatural } from "@/shared/lib/utils";
import { GroupLink } from "@/shared/ui/object-link";
import type { InstanceRowOf } from "../documents";

const LISTED = 500;

/** One group by its name; more as a count that opens their list. */
export function GroupsCell({ service, groups }: Pick<InstanceRowOf, "service" | "groups">) {
  const [only] = groups;
  if (!only) return <span className="text-muted-foreground">—</span>;
  if (groups.length === 1) {
    return (
      <span
        className="flex items-center gap-1 text-lead"
        data-group={only.group}
        data-term={String(only.term)}
      >
        <Crown aria-hidden="true" className="size-3 shrink-0" />
        <GroupLink service={service} group={only.group} />
      </span>
    );
  }
  const sorted = [...groups].sort((a, b) => compareNatural(a.group, b.group));
  return (
    <Popover>
      <PopoverTrigger className="flex cursor-pointer items-center gap-1 text-lead hover:underline">
        <Crown aria-hidden="true" className="size-3 shrink-0" />
        {plural(groups.length, "group")}
      </PopoverTrigger>
      <PopoverContent aria-label="Groups that it owns">
        <ul className="space-y-0.5">
          {sorted.slice(0, LISTED).map(({ group, term }) => (
            <li key={group} data-group={group} data-term={String(term)} className="flex gap-2">
              <GroupLink service={service} group={group} />
              <span className="ml-auto text-muted-foreground">term {term}</span>
            </li>
          ))}
        </ul>
        {groups.length > LISTED && <p className="text-muted-foreground">and {groups.length - LISTED} more</p>}
      </PopoverContent>
    </Popover>
  );
}
