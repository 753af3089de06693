import { useCallback, useEffect, useState } from "react";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { contentOf } from "./content";
import { OneDefinition } from "./documents";
import { type Draft, draftOf, emptyDraft } from "./draft";
import { type Edit, useDrafts } from "./drafts";

/** What a form is for: a new definition, one like another, or a change of one. */
export type Purpose = { kind: "new" } | { kind: "clone"; of: string } | { kind: "edit"; service: string };

export const keyOf = (purpose: Purpose): string => {
  if (purpose.kind === "new") return "new";
  return purpose.kind === "clone" ? `clone ${purpose.of}` : `edit ${purpose.service}`;
};

interface Editing {
  /** Null until what the change is made from is known. */
  edit: Edit | null;
  error: AppError | null;
  /** The service has no definition in use. */
  missing: boolean;
  change: (change: Partial<Draft>) => void;
  setReason: (reason: string) => void;
}

async function begin(purpose: Purpose): Promise<Edit | AppError | null> {
  if (purpose.kind === "new") return { draft: emptyDraft, base: null, reason: "" };
  const service = purpose.kind === "clone" ? purpose.of : purpose.service;
  const { data, error } = await client.query(OneDefinition, { service }).toPromise();
  if (error) return errorFromUrql(error);
  if (!data?.definition) return null;
  const content = contentOf(data.definition);
  if (purpose.kind === "clone") return { draft: draftOf("", content), base: null, reason: "" };
  if (data.definition.status === "RETIRED") return null;
  const base = { content, revision: Number(data.definition.revision) };
  return { draft: draftOf(service, content), base, reason: "" };
}

/** The change under way for this purpose: what was written before, or a new one. */
export function useEdit(purpose: Purpose): Editing {
  const key = keyOf(purpose);
  const edit = useDrafts((s) => s.edits[key]) ?? null;
  const put = useDrafts((s) => s.put);
  const [state, setState] = useState<{ error: AppError | null; missing: boolean }>({
    error: null,
    missing: false,
  });
  useEffect(() => {
    if (useDrafts.getState().edits[key]) return;
    let ended = false;
    void begin(purpose).then((begun) => {
      if (ended) return;
      if (begun === null) setState({ error: null, missing: true });
      else if ("code" in begun) setState({ error: begun, missing: false });
      else put(key, begun);
    });
    return () => {
      ended = true;
    };
    // The purpose is told by its key.
  }, [key]);
  const change = useCallback(
    (part: Partial<Draft>) => {
      const now = useDrafts.getState().edits[key];
      if (now) put(key, { ...now, draft: { ...now.draft, ...part } });
    },
    [key, put],
  );
  const setReason = useCallback(
    (reason: string) => {
      const now = useDrafts.getState().edits[key];
      if (now) put(key, { ...now, reason });
    },
    [key, put],
  );
  return { edit, ...state, change, setReason };
}
