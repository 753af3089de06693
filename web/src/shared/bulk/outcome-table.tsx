import { CircleCheck, CircleX, TriangleAlert } from "lucide-react";
import { count } from "@/shared/figures/format";
import { EventLink } from "@/shared/ui/object-link";
import { sentence } from "@/shared/ui/states";
import { rowClass, Table } from "@/shared/ui/table";
import type { BulkItem } from "./bulk-dialog";
import type { Outcome } from "./run";
import type { Preview } from "./use-previews";

const columns = [{ label: "Name", className: "pl-3" }, { label: "What becomes of it" }];
/** So many are listed; the others are counted, and stand in the export. */
const LISTED = 200;

interface Props {
  items: readonly BulkItem[];
  previews: ReadonlyMap<string, Preview>;
  outcomes: ReadonlyMap<string, Outcome>;
}

/** What would become of each, then what has. */
export function OutcomeTable({ items, previews, outcomes }: Props) {
  return (
    <section
      aria-label="What becomes of each"
      tabIndex={0}
      className="max-h-72 overflow-auto rounded border border-border"
    >
      <Table label="What becomes of each" columns={columns}>
        {items.slice(0, LISTED).map(({ key, service, name }) => (
          <tr key={key} data-testid="bulk-item" data-key={key} className={rowClass}>
            <td className="max-w-48 truncate px-2 pl-3 font-medium" title={`${service}/${name}`}>
              {name}
            </td>
            <td className="px-2">
              <What preview={previews.get(key)} outcome={outcomes.get(key)} />
            </td>
          </tr>
        ))}
      </Table>
      {items.length > LISTED && (
        <p className="p-2 text-muted-foreground">and {count(items.length - LISTED)} more</p>
      )}
    </section>
  );
}

function What({ preview, outcome }: { preview: Preview | undefined; outcome: Outcome | undefined }) {
  if (outcome?.kind === "done") {
    return (
      <span className="inline-flex items-center gap-1 text-ok">
        <CircleCheck aria-hidden="true" className="size-3.5 shrink-0" /> {outcome.text}
        {outcome.recorded != null && <EventLink sequence={outcome.recorded} />}
      </span>
    );
  }
  if (outcome) {
    return (
      <span className="inline-flex items-center gap-1 text-bad">
        <CircleX aria-hidden="true" className="size-3.5 shrink-0" /> {sentence(outcome.error.message)}{" "}
        <span className="font-mono text-xs">{outcome.error.code}</span>
      </span>
    );
  }
  if (!preview) return <span className="text-muted-foreground">asking…</span>;
  if (!preview.warn && !preview.blocked) return <span className="text-muted-foreground">{preview.text}</span>;
  return (
    <span className="inline-flex items-center gap-1 text-warn">
      <TriangleAlert aria-hidden="true" className="size-3.5 shrink-0" />
      {preview.blocked ? `left out: ${preview.text}` : preview.text}
    </span>
  );
}
