import { NONE } from "@/shared/figures/format";
import { cn } from "@/shared/lib/utils";
import { Flags } from "@/shared/status/flag";
import { Moment } from "@/shared/time/moment";
import { DefinitionLink } from "@/shared/ui/object-link";
import { rowClass } from "@/shared/ui/table";
import { contentOf, countText, failoverText } from "./content";
import type { Definition } from "./documents";
import { driftOf } from "./drift";
import type { Alive } from "./running";

interface Props {
  definition: Definition;
  /** Null while it is not known what runs. */
  running: Alive | null;
}

export function DefinitionRow({ definition, running }: Props) {
  const retired = definition.status === "RETIRED";
  const content = contentOf(definition);
  return (
    <tr
      data-testid="definition-row"
      data-service={definition.service}
      className={cn(rowClass, retired && "text-muted-foreground")}
    >
      <th scope="row" className="px-2 text-left font-medium">
        <span className="flex min-w-0 items-center gap-2">
          <DefinitionLink service={definition.service} />
          {retired && <span className="text-xs">retired</span>}
        </span>
      </th>
      <td className="whitespace-nowrap px-2">
        {definition.version}
        <Arrow />
        {running === null ? NONE : <Versions declared={definition.version} versions={running.versions} />}
      </td>
      <td className="whitespace-nowrap px-2">
        {countText(content)}
        <Arrow />
        {running === null ? NONE : running.count}
      </td>
      <td className="whitespace-nowrap px-2 max-lg:hidden">{failoverText(content.failover) ?? NONE}</td>
      <td className="px-2 max-lg:hidden">{content.registration.toLowerCase()}</td>
      <td className="max-w-48 truncate px-2 max-xl:hidden" title={definition.owner}>
        {definition.owner}
      </td>
      <td className="px-2 text-right max-xl:hidden">{String(definition.revision)}</td>
      <td className="max-w-56 truncate whitespace-nowrap px-2 max-lg:hidden" title={definition.updatedBy}>
        <Moment at={definition.updatedAt} />
        <span className="text-muted-foreground"> by {definition.updatedBy}</span>
      </td>
      <td className="px-2">{running && <Flags flags={driftOf(definition, running)} />}</td>
    </tr>
  );
}

const Arrow = () => (
  <>
    <span aria-hidden="true" className="px-1 text-muted-foreground">
      →
    </span>
    <span className="sr-only">, running: </span>
  </>
);

function Versions({ declared, versions }: { declared: string; versions: Alive["versions"] }) {
  if (versions.length === 0) return <>none</>;
  return (
    <span title={versions.map(([version, n]) => `${n} run ${version}`).join("\n")}>
      {versions.map(([version, n], index) => (
        <span key={version} className={cn(version !== declared && "font-medium text-warn")}>
          {index > 0 && ", "}
          {version}
          {versions.length > 1 && ` ×${n}`}
        </span>
      ))}
    </span>
  );
}
