import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import type { Whole } from "@/shared/graphql/exact";
import { compareNatural } from "@/shared/lib/utils";
import type { Instance } from "./documents";

const SHOWN = 1;
const LISTED = 500;

/** One group in full; more as a count that opens their list. */
export function GroupsCell({ groups }: { groups: Instance["groups"] }) {
  if (groups.length === 0) return <span className="text-muted-foreground">—</span>;
  const sorted = [...groups].sort((a, b) => compareNatural(a.group, b.group));
  const first = sorted[0];
  if (first && groups.length <= SHOWN) return <Lead group={first.group} term={first.term} />;
  return (
    <Popover>
      <PopoverTrigger className="cursor-pointer truncate underline decoration-dotted underline-offset-2">
        {groups.length} groups
        <span className="sr-only">
          :{" "}
          {sorted
            .slice(0, 20)
            .map((g) => `${g.group} term ${g.term}`)
            .join(", ")}
        </span>
      </PopoverTrigger>
      <PopoverContent aria-label="Groups led">
        <ul className="space-y-0.5">
          {sorted.slice(0, LISTED).map((g) => (
            <li key={g.group}>
              <Lead group={g.group} term={g.term} />
            </li>
          ))}
        </ul>
        {groups.length > LISTED && <p className="text-muted-foreground">and {groups.length - LISTED} more</p>}
      </PopoverContent>
    </Popover>
  );
}

function Lead({ group, term }: { group: string; term: Whole }) {
  return (
    <span data-group={group} data-term={String(term)}>
      {group} <span className="text-muted-foreground">· term {term}</span>
    </span>
  );
}
