import { User } from "lucide-react";
import { NONE } from "@/shared/figures/format";
import type { GroupMembers } from "./documents";
import { standbysOf } from "./standbys";

/** `desk-2 +4`: who would take the group over, the first one at the beginning. */
export function StandbysCell({ members }: { members: GroupMembers | undefined }) {
  if (members === undefined) return <span className="text-muted-foreground">{NONE}</span>;
  const { names, more, title } = standbysOf(members);
  const [first = "none", ...others] = names;
  const beyond = more + others.length;
  return (
    <span
      data-testid="standbys"
      title={title}
      className="flex min-w-0 items-center gap-1 text-muted-foreground"
    >
      <User aria-hidden="true" className="size-3 shrink-0" />
      <span aria-hidden="true" className="truncate">
        {first}
      </span>
      {beyond > 0 && (
        <span aria-hidden="true" className="shrink-0">
          +{beyond}
        </span>
      )}{" "}
      <span className="sr-only">{title}</span>
    </span>
  );
}
