import { useState } from "react";
import { Toggle } from "@/components/ui/toggle";
import { Moment } from "@/shared/time/moment";
import { ActionButton } from "@/shared/ui/action-button";
import { EventLink } from "@/shared/ui/object-link";
import { Panel } from "@/shared/ui/panel";
import { ChangeList } from "./change-list";
import { contentOf } from "./content";
import { type Change, changesBetween } from "./diff";
import type { Definition, Revision } from "./documents";
import { contentAt } from "./revisions";

const did: Record<Revision["action"], string> = {
  DEFINED: "Defined",
  AMENDED: "Amended",
  RETIRED: "Retired",
  REINSTATED: "Reinstated",
};

interface Props {
  definition: Definition;
  history: readonly Revision[];
  total: number;
  onRestore: (revision: number) => void;
}

/** Every version: who, when, why, and what is different from the one before, or from the present. */
export function HistoryPanel({ definition, history, total, onRestore }: Props) {
  const [present, setPresent] = useState(false);
  const now = contentOf(definition);
  const changesOf = (each: Revision): readonly Change[] => {
    if (!present) return each.changes;
    const then = contentAt(now, history, Number(each.revision));
    return then ? changesBetween(then, now) : [];
  };
  return (
    <Panel
      title="History"
      note={`${total} revisions, newest first`}
      actions={
        <>
          <Toggle className="h-6" pressed={!present} onClick={() => setPresent(false)}>
            Against the one before
          </Toggle>
          <Toggle className="h-6" pressed={present} onClick={() => setPresent(true)}>
            Against now
          </Toggle>
        </>
      }
      bodyClass="p-0"
    >
      <ol>
        {history.map((each) => {
          const revision = Number(each.revision);
          const isNow = revision === Number(definition.revision);
          return (
            <li
              key={revision}
              data-testid="revision"
              data-revision={revision}
              className="flex flex-col gap-1.5 border-border border-b px-3 py-2 last:border-b-0"
            >
              <div className="flex min-w-0 items-center gap-2">
                <span className="font-semibold">
                  {did[each.action]} · revision {revision}
                </span>
                <span className="min-w-0 truncate text-muted-foreground">
                  <Moment at={each.at} /> by {each.by}
                </span>
                <EventLink sequence={each.sequence} />
                <span className="ml-auto">
                  {isNow ? (
                    <span className="text-muted-foreground text-xs">current</span>
                  ) : (
                    <ActionButton
                      needs="ADMIN"
                      blocked={blockedBy(definition, history, each)}
                      onClick={() => onRestore(revision)}
                    >
                      Make current again
                    </ActionButton>
                  )}
                </span>
              </div>
              {each.reason && <p>«{each.reason}»</p>}
              <ChangeList
                changes={changesOf(each)}
                none={present ? "The same as now." : "No line of it is different."}
              />
            </li>
          );
        })}
      </ol>
      {history.length < total && (
        <p className="p-3 text-muted-foreground">{total - history.length} older revisions are not shown.</p>
      )}
    </Panel>
  );
}

function blockedBy(definition: Definition, history: readonly Revision[], each: Revision): string | null {
  if (definition.status === "RETIRED") return "Reinstate it first.";
  const now = contentOf(definition);
  const then = contentAt(now, history, Number(each.revision));
  if (then === null) return "The history does not reach back so far.";
  return changesBetween(now, then).length === 0 ? "It says the same as now." : null;
}
