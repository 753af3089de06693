import { plural } from "@/shared/figures/format";
import type { Instance } from "@/shared/instances/documents";
import { Age } from "@/shared/time/age";
import { Moment } from "@/shared/time/moment";
import { GroupLink } from "@/shared/ui/object-link";
import { Empty } from "@/shared/ui/states";

/** The groups that it owns, the newest term first. */
export function GroupsTab({ instance }: { instance: Instance }) {
  const groups = [...instance.groups].sort((a, b) => Date.parse(b.since) - Date.parse(a.since));
  if (groups.length === 0) return <Empty title="It owns no group." />;
  return (
    <div className="overflow-x-auto rounded border border-border">
      <table className="w-full border-collapse bg-card">
        <caption className="sr-only">Owner of {plural(groups.length, "group")}</caption>
        <thead className="bg-muted text-left text-xs">
          <tr>
            {["Group", "Term", "Owner since", "For"].map((label) => (
              <th key={label} scope="col" className="h-7 px-3 font-medium text-muted-foreground">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map(({ group, term, since }) => (
            <tr key={group} className="h-7 border-border border-t hover:bg-accent">
              <td className="px-3">
                <GroupLink service={instance.service} group={group} icon />
              </td>
              <td className="px-3">{String(term)}</td>
              <td className="px-3">
                <Moment at={since} exact />
              </td>
              <td className="w-full px-3">
                <Age since={since} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
