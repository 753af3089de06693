import { GitMerge } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Age } from "@/shared/time/age";
import { Panel } from "@/shared/ui/panel";
import { ConflictTable } from "./conflict-table";
import type { Content } from "./content";
import type { Revision } from "./documents";
import { type Choices, meetingsOf, merged, undecided } from "./merge";
import { breachesOf } from "./rules";

export interface Conflict {
  theirs: Content;
  revision: number;
  /** What led to it, where the history says so. */
  made: Revision | null;
}

interface Props {
  service: string;
  conflict: Conflict;
  base: { content: Content; revision: number };
  mine: Content;
  busy: boolean;
  onDiscard: () => void;
  onAmend: (content: Content) => void;
}

/** Somebody else was first: both changes side by side, and nothing of either is lost. */
export function ConflictPanel({ service, conflict, base, mine, busy, onDiscard, onAmend }: Props) {
  const [choices, setChoices] = useState<Choices>({});
  const { theirs, revision, made } = conflict;
  const meetings = meetingsOf(base.content, theirs, mine);
  const open = undecided(meetings, choices);
  const result = merged(theirs, meetings, choices);
  const breaches = open === 0 ? Object.entries(breachesOf(result)) : [];
  const why = open > 0 ? `${open} to choose` : null;
  return (
    <Panel title="Two changes at once" className="border-warn" bodyClass="flex flex-col gap-3">
      <p role="alert" className="flex items-start gap-2">
        <GitMerge aria-hidden="true" className="mt-0.5 size-3.5 shrink-0 text-warn" />
        <span>
          {service} was changed to revision {revision}
          {made && (
            <>
              {" "}
              by {made.by}, <Age since={made.at} /> ago
              {made.reason && `: «${made.reason}»`}
            </>
          )}
          . Nothing of yours is lost.
        </span>
      </p>
      <ConflictTable
        meetings={meetings}
        base={base.revision}
        theirs={revision}
        choices={choices}
        onChoose={(field, side, value) => setChoices((all) => ({ ...all, [field]: { side, value } }))}
      />
      {breaches.map(([field, rule]) => (
        <p key={field} className="text-bad text-xs">
          {field}: use {rule}.
        </p>
      ))}
      <div className="flex items-center justify-end gap-2">
        {why && <span className="text-muted-foreground">{why}</span>}
        <Button variant="ghost" onClick={onDiscard}>
          Discard mine
        </Button>
        <Button disabled={busy || open > 0 || breaches.length > 0} onClick={() => onAmend(result)}>
          Amend revision {revision} with this
        </Button>
      </div>
    </Panel>
  );
}
