import { useState } from "react";
import { client } from "@/shared/graphql/client";
import type { AppError } from "@/shared/graphql/errors";
import { useNotices } from "@/shared/ui/notice";
import type { Conflict } from "./conflict";
import { type Content, contentOf } from "./content";
import { DefinitionHistory } from "./documents";
import { amend, define, type Outcome, shown } from "./save";

interface Saving {
  /** What is going on, in words; null when nothing is. */
  stage: string | null;
  error: AppError | null;
  /** The field that the server names, where it names one. */
  field: string | null;
  conflict: Conflict | null;
  /** Records the content; tells when what is read contains it. */
  save: (service: string, content: Content, reason: string, revision: number | null) => Promise<boolean>;
  /** Forgets the conflict. */
  forget: () => void;
  /** Forgets what was refused. */
  clear: () => void;
}

async function conflictOf(service: string): Promise<Conflict | null> {
  const { data } = await client.query(DefinitionHistory, { service }).toPromise();
  if (!data?.definition) return null;
  const revision = Number(data.definition.revision);
  const made = data.definition.history.nodes.find((each) => Number(each.revision) === revision) ?? null;
  return { theirs: contentOf(data.definition), revision, made };
}

export function useSaving(): Saving {
  const [stage, setStage] = useState<string | null>(null);
  const [refused, setRefused] = useState<{ error: AppError; field: string | null } | null>(null);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const save: Saving["save"] = async (service, content, reason, revision) => {
    setStage("Recording…");
    setRefused(null);
    const outcome: Outcome =
      revision === null
        ? await define(service, content, reason)
        : await amend(service, revision, content, reason);
    if (outcome.kind === "done") {
      setStage(`Recorded, seq ${outcome.sequence}`);
      await shown(service, outcome.revision);
      useNotices.getState().tell(`${service} is at revision ${outcome.revision}, seq ${outcome.sequence}.`);
      setStage(null);
      return true;
    }
    if (outcome.kind === "conflict") setConflict(await conflictOf(service));
    else setRefused(outcome);
    setStage(null);
    return false;
  };
  return {
    stage,
    error: refused?.error ?? null,
    field: refused?.field ?? null,
    conflict,
    save,
    forget: () => setConflict(null),
    clear: () => setRefused(null),
  };
}
