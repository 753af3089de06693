import { Crown } from "lucide-react";
import { useMembers } from "@/shared/members/use-members";
import { looks } from "@/shared/status/look";
import { words } from "@/shared/status/status";
import { InstanceLink } from "@/shared/ui/object-link";
import { Panel } from "@/shared/ui/panel";

interface Props {
  service: string;
  group: string;
  /** As the head of the page has it. */
  owner: string | null;
}

/** Who owns the group, and who would take it over, one after the other. Of the past it is not told. */
export function MembersPanel({ service, group, owner }: Props) {
  const id = `${service}/${group}`;
  const found = useMembers(new Map([[id, owner]])).get(id);
  if (!found || found.members.length === 0) return null;
  const { members, memberCount, declared } = found;
  const more = Number(memberCount) - members.length;
  return (
    <Panel
      title="Members"
      note={`in the order of their claims${declared ? "" : "; it is opened on demand, and one may refuse it"}`}
    >
      <ol className="flex flex-wrap gap-x-6 gap-y-1">
        {members.map(({ instance, status, owner }, index) => {
          const { icon: Icon, tone } = looks[status];
          return (
            <li key={instance} data-testid="member" className="flex items-center gap-1.5 whitespace-nowrap">
              <span className="text-muted-foreground">{index + 1}</span>
              <InstanceLink service={service} instance={instance} className="font-normal" />
              {owner ? (
                <span className="flex items-center gap-1 text-lead">
                  <Crown aria-hidden="true" className="size-3" /> owner
                </span>
              ) : (
                <span className={tone === "text-ok" ? "text-muted-foreground" : tone}>
                  <Icon aria-hidden="true" className="mr-1 inline size-3" />
                  {status === "RUNNING" ? "standby" : words[status].toLowerCase()}
                </span>
              )}
            </li>
          );
        })}
        {more > 0 && <li className="text-muted-foreground">and {more} more</li>}
      </ol>
    </Panel>
  );
}
