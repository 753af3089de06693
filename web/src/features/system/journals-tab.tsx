import { useState } from "react";
import { bytes, count, NONE } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { mayAs, useSession } from "@/shared/session/store";
import { Moment } from "@/shared/time/moment";
import { Denied, Empty, ErrorView, Loading } from "@/shared/ui/states";
import { chosenRow, rowClass, Table } from "@/shared/ui/table";
import { Journals } from "./documents";
import { JournalEventsOf } from "./journal-events";

const EVERY_MS = 10_000;

const columns = [
  { label: "Journal" },
  { label: "Stream", className: "max-lg:hidden" },
  { label: "Events", right: true },
  { label: "Aggregates", right: true },
  { label: "Bytes", right: true },
  { label: "First event", className: "max-lg:hidden" },
  { label: "Last event" },
];

/** The journals of users; of the one that is chosen, its events. */
export function JournalsTab() {
  const viewer = useSession((s) => s.viewer);
  const may = mayAs(viewer, "AUDITOR");
  const { data, error, again } = useQuery(Journals, may ? {} : null, { every: EVERY_MS });
  const [chosen, setChosen] = useState<string | null>(null);
  if (!may) return <Denied needs="AUDITOR" is={viewer?.role ?? null} />;
  if (!data) {
    return error ? <ErrorView error={error} onRetry={again} /> : <Loading what="journals" onRetry={again} />;
  }
  if (data.journals.length === 0) {
    return (
      <Empty title="There is no journal of users.">
        Programs with aggregates of their own keep them in one, beside the control plane's log.
      </Empty>
    );
  }
  const shown = data.journals.find(({ name }) => name === chosen);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <Table label="Journals" columns={columns}>
        {data.journals.map((journal) => (
          <tr
            key={journal.name}
            data-testid="journal-row"
            className={cn(rowClass, chosen === journal.name && chosenRow)}
          >
            <th scope="row" className="px-2 text-left font-mono font-normal text-xs">
              <button
                type="button"
                className="cursor-pointer hover:underline"
                aria-pressed={chosen === journal.name}
                onClick={() => setChosen(chosen === journal.name ? null : journal.name)}
              >
                {journal.name}
              </button>
            </th>
            <td className="px-2 font-mono text-xs max-lg:hidden">{journal.stream}</td>
            <td className="px-2 text-right">{count(journal.events)}</td>
            <td className="px-2 text-right">{count(journal.aggregates)}</td>
            <td className="px-2 text-right">{bytes(journal.bytes)}</td>
            <td className="px-2 max-lg:hidden">
              {journal.firstAt === null ? NONE : <Moment at={journal.firstAt} />}
            </td>
            <td className="px-2">{journal.lastAt === null ? NONE : <Moment at={journal.lastAt} />}</td>
          </tr>
        ))}
      </Table>
      {shown && <JournalEventsOf key={shown.name} journal={shown} />}
      <p className="px-4 py-2 text-muted-foreground text-xs max-xl:px-3">
        As their streams tell it; whatever else stands in one counts, too. To hold one to its chains:{" "}
        <code>aegis verify --journal NAME</code>
      </p>
    </div>
  );
}
