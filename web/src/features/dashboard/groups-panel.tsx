import { CircleHelp, Crown } from "lucide-react";
import { Toggle } from "@/components/ui/toggle";
import type { Whole } from "@/shared/graphql/exact";
import { compareNatural } from "@/shared/lib/utils";
import { Age } from "@/shared/time/age";
import { ErrorView } from "@/shared/ui/states";
import type { Instance, Leader } from "./documents";
import { useLeaders } from "./leaders";

const SHOWN = 200;

export interface GroupLine {
  id: string;
  service: string;
  group: string;
  term: Whole;
  owner: string | null;
  since: string;
}

/** Leaders as asked for, corrected by what the live registry says since; without an owner first. */
export function groupLines(leaders: readonly Leader[], instances: readonly Instance[]): GroupLine[] {
  const lines = new Map<string, GroupLine>();
  for (const l of leaders) {
    lines.set(l.id, {
      id: l.id,
      service: l.service,
      group: l.group,
      term: l.term,
      owner: l.instance,
      since: l.since,
    });
  }
  for (const i of instances) {
    for (const g of i.groups) {
      const id = `${i.service}/${g.group}`;
      if ((lines.get(id)?.term ?? -1) > g.term) continue;
      lines.set(id, {
        id,
        service: i.service,
        group: g.group,
        term: g.term,
        owner: i.instance,
        since: g.since,
      });
    }
  }
  return [...lines.values()].sort(
    (a, b) => Number(a.owner !== null) - Number(b.owner !== null) || compareNatural(a.id, b.id),
  );
}

interface Props {
  instances: readonly Instance[];
  ownerless: boolean;
  onOwnerless: (only: boolean) => void;
  frozenAt: number | null;
}

export function GroupsPanel({ instances, ownerless, onOwnerless, frozenAt }: Props) {
  const { leaders, cut, error } = useLeaders();
  const all = groupLines(leaders ?? [], instances);
  const lines = ownerless ? all.filter((l) => l.owner === null) : all;
  return (
    <section aria-label="Groups" className="flex max-h-64 min-h-0 flex-col border-border border-b">
      <header className="flex h-10 items-center gap-2 px-3">
        <h2 className="font-semibold">Groups</h2>
        <span className="text-muted-foreground text-xs">{cut ? `more than ${all.length}` : all.length}</span>
        <Toggle className="ml-auto h-6" pressed={ownerless} onClick={() => onOwnerless(!ownerless)}>
          Without owner
        </Toggle>
      </header>
      {error && !leaders ? <ErrorView error={error} /> : null}
      {lines.length === 0 && !error && (
        <p className="px-3 pb-3 text-muted-foreground">
          {ownerless ? "Every group has an owner." : "No group yet."}
        </p>
      )}
      <ul
        tabIndex={0}
        aria-label="Groups and owners"
        className="min-h-0 overflow-auto pb-1 -outline-offset-2"
      >
        {lines.slice(0, SHOWN).map((line) => (
          <GroupItem key={line.id} line={line} frozenAt={frozenAt} />
        ))}
        {lines.length > SHOWN && (
          <li className="px-3 text-muted-foreground">and {lines.length - SHOWN} more</li>
        )}
      </ul>
    </section>
  );
}

function GroupItem({ line, frozenAt }: { line: GroupLine; frozenAt: number | null }) {
  return (
    <li
      data-testid="group-line"
      data-group={line.id}
      data-owner={line.owner ?? ""}
      data-term={String(line.term)}
      className="grid grid-cols-[minmax(0,5fr)_minmax(0,8fr)_4.5rem] items-center gap-2 px-3 py-0.5"
    >
      <span className="truncate" title={line.id}>
        {line.group} <span className="text-muted-foreground text-xs">· term {line.term}</span>
      </span>
      {line.owner === null ? (
        <span className="flex items-center gap-1 font-medium text-bad">
          <CircleHelp aria-hidden="true" className="size-3.5 shrink-0" /> no owner
        </span>
      ) : (
        <span className="flex min-w-0 items-center gap-1" title={line.owner}>
          <Crown aria-hidden="true" className="size-3.5 shrink-0 text-muted-foreground" />
          <span className="truncate">{line.owner}</span>
        </span>
      )}
      <span className="truncate text-right text-muted-foreground text-xs" title={`since ${line.since}`}>
        <Age since={line.since} frozenAt={frozenAt} />
      </span>
    </li>
  );
}
