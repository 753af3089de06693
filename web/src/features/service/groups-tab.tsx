import { Link } from "react-router";
import { count, duration } from "@/shared/figures/format";
import { StandbysCell } from "@/shared/members/standbys-cell";
import { useMembers } from "@/shared/members/use-members";
import { Age } from "@/shared/time/age";
import { GroupLink } from "@/shared/ui/object-link";
import { Empty } from "@/shared/ui/states";
import { useKeeping } from "@/shared/url/links";
import { Owner, sortGroups } from "./groups-list";
import type { Seen } from "./use-service";

const heads = ["Group", "Owner", "Standbys", "Term", "Held for", "Gap before", "Why the term began"];

/** All groups of the service; each leads to its timeline. */
export function GroupsTab({ seen: { service, leaders, groups } }: { seen: Seen }) {
  const keeping = useKeeping();
  const members = useMembers(new Map(leaders.map(({ id, instance }) => [id, instance])));
  if (groups === 0) return <Empty title="It has no groups." />;
  return (
    <div className="overflow-x-auto rounded border border-border">
      <table className="w-full border-collapse bg-card">
        <thead className="bg-muted text-left text-xs">
          <tr>
            {heads.map((label) => (
              <th
                key={label}
                scope="col"
                className="h-7 whitespace-nowrap px-3 font-medium text-muted-foreground"
              >
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sortGroups(leaders).map(({ id, group, instance, term, since, vacancyMs, reason }) => (
            <tr key={id} className="h-7 border-border border-t hover:bg-accent">
              <td className="px-3">
                <GroupLink service={service.name} group={group} />
              </td>
              <td className="px-3">
                <Owner service={service.name} owner={instance} />
              </td>
              <td className="max-w-60 px-3" title="Who would take it over, in the order of their claims">
                <StandbysCell members={members.get(id)} />
              </td>
              <td className="px-3">{String(term)}</td>
              <td className="px-3">
                <Age since={since} />
              </td>
              <td className="px-3">
                {vacancyMs === null ? (
                  <span className="text-muted-foreground">—</span>
                ) : (
                  duration(Number(vacancyMs))
                )}
              </td>
              <td className="w-full px-3 text-muted-foreground">{reason.replaceAll("_", " ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {groups > leaders.length && (
        <p className="bg-card p-2">
          <Link className="underline" to={keeping(`/leadership?service=${encodeURIComponent(service.name)}`)}>
            All {count(groups)} groups
          </Link>
        </p>
      )}
    </div>
  );
}
