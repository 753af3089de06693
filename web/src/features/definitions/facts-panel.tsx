import { NONE } from "@/shared/figures/format";
import { Panel } from "@/shared/ui/panel";
import { contentOf } from "./content";
import type { Definition } from "./documents";
import { LABEL, lineOrder, linesOf, wordOf } from "./fields";

/** What the definition says, line by line. */
export function FactsPanel({ definition }: { definition: Definition }) {
  const content = contentOf(definition);
  const lines = linesOf(content);
  const labels = [...lines.keys()].filter((field) => field.startsWith(LABEL));
  return (
    <Panel title="What it says" note={`revision ${definition.revision}`}>
      <dl className="grid grid-cols-[7rem_minmax(0,1fr)] gap-x-2 gap-y-1">
        {[...lineOrder, ...labels].map((field) => (
          <div key={field} className="contents">
            <dt className="truncate text-muted-foreground" title={field}>
              {wordOf(field)}
            </dt>
            <dd className="min-w-0 break-words">{lines.get(field) ?? NONE}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
