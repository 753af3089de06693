import { Button } from "@/components/ui/button";
import { plural } from "@/shared/figures/format";
import type { Difference } from "@/shared/figures/settings";
import type { Whole } from "@/shared/graphql/exact";
import { Moment } from "@/shared/time/moment";
import { EventLink } from "@/shared/ui/object-link";
import { Panel } from "@/shared/ui/panel";
import type { Report } from "./reports";

interface Props {
  /** Oldest first. */
  reports: readonly Report[];
  /** Whether there are older ones. */
  more: boolean;
  onCompare: (sequence: Whole) => void;
}

/** What the instance reported over time, with what was different from the report before. */
export function HistoryPanel({ reports, more, onCompare }: Props) {
  return (
    <Panel title="History" note={`${plural(reports.length, "report")}, newest first`} bodyClass="p-0">
      {reports.length === 0 && <p className="p-3 text-muted-foreground">No report is recorded.</p>}
      <ol className="max-h-[32rem] overflow-auto">
        {[...reports].reverse().map(({ sequence, time, differences }) => (
          <li
            key={String(sequence)}
            data-testid="report"
            className="border-border border-b px-3 py-1 last:border-b-0"
          >
            <p className="flex min-h-7 items-center gap-2">
              <Moment at={time} />
              <EventLink sequence={sequence} />
              {differences === null && <span className="text-muted-foreground">first report</span>}
              {differences?.length === 0 && <span className="text-muted-foreground">the same as before</span>}
              <Button
                variant="ghost"
                className="ml-auto h-6"
                aria-label={`Compare seq ${sequence} with what is in force`}
                onClick={() => onCompare(sequence)}
              >
                Compare
              </Button>
            </p>
            {differences?.map((each) => (
              <Change key={each.key} change={each} />
            ))}
          </li>
        ))}
      </ol>
      {more && <p className="p-3 text-muted-foreground">Older reports are not shown.</p>}
    </Panel>
  );
}

function Change({ change: { key, before, after } }: { change: Difference }) {
  return (
    <p className="break-all font-mono text-xs">
      {key}: <del className="text-muted-foreground">{before ?? "not set"}</del> →{" "}
      <ins>{after ?? "not set"}</ins>
    </p>
  );
}
