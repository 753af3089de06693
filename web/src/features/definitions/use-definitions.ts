import { useCallback, useEffect, useRef, useState } from "react";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { compareNatural } from "@/shared/lib/utils";
import { type Definition, DefinitionList } from "./documents";

/** How many pages are asked for: of more definitions, the page tells the first. */
const PAGES = 25;

interface State {
  /** In order of name; null before the first answer. */
  definitions: readonly Definition[] | null;
  total: number;
  error: AppError | null;
}

const onePage = (after: string | null) => client.query(DefinitionList, { after }).toPromise();

/** All definitions, those that are retired too. */
export async function loadDefinitions(): Promise<State> {
  const found: Definition[] = [];
  let after: string | null = null;
  let total = 0;
  for (let page = 0; page < PAGES; page += 1) {
    const { data, error }: Awaited<ReturnType<typeof onePage>> = await onePage(after);
    if (!data) return { definitions: null, total: 0, error: error ? errorFromUrql(error) : null };
    const { nodes, pageInfo, totalCount } = data.definitions;
    found.push(...nodes);
    total = Number(totalCount);
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return { definitions: found.sort((a, b) => compareNatural(a.service, b.service)), total, error: null };
}

const EVERY_MS = 5_000;

export function useDefinitions(): State & { again: () => void } {
  const [state, setState] = useState<State>({ definitions: null, total: 0, error: null });
  const run = useRef(0);
  const load = useCallback(async () => {
    const mine = ++run.current;
    const next = await loadDefinitions();
    if (mine !== run.current) return;
    setState((before) => (next.definitions ? next : { ...before, error: next.error }));
  }, []);
  useEffect(() => {
    void load();
    const timer = setInterval(() => void load(), EVERY_MS);
    return () => {
      run.current += 1;
      clearInterval(timer);
    };
  }, [load]);
  return { ...state, again: () => void load() };
}
