import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { useQuery } from "@/shared/graphql/use-query";
import { compareNatural } from "@/shared/lib/utils";
import { usePaused } from "@/shared/live/pause";
import { asOfVariables } from "@/shared/replay/variables";
import { useMoment } from "@/shared/url/moment";
import { type Definition, DefinitionList, DefinitionsAsOf } from "./documents";
import { type Alive, aliveOf } from "./running";
import { useRunning } from "./use-running";

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

interface Definitions extends State {
  /** What is alive of each service; null while it is not known. */
  running: ReadonlyMap<string, Alive> | null;
  again: () => void;
}

/** All definitions with what runs, now or as they stood at the moment that the page shows. */
export function useDefinitions(): Definitions {
  const moment = useMoment();
  const present = usePresent(moment === null);
  const running = useRunning(moment === null);
  const past = useQuery(DefinitionsAsOf, asOfVariables(moment));
  const answer = past.data?.asOf ?? null;
  const then = useMemo(
    () => answer && new Map(answer.services.nodes.map((each) => [each.name, aliveOf(each.instances)])),
    [answer],
  );
  if (moment === null) return { ...present, running };
  return {
    definitions: answer?.definitions.nodes ?? null,
    total: Number(answer?.definitions.totalCount ?? 0),
    error: past.error,
    running: then,
    again: past.again,
  };
}

function usePresent(asked: boolean): State & { again: () => void } {
  const paused = usePaused();
  const [state, setState] = useState<State>({ definitions: null, total: 0, error: null });
  const run = useRef(0);
  const load = useCallback(async () => {
    const mine = ++run.current;
    const next = await loadDefinitions();
    if (mine !== run.current) return;
    setState((before) => (next.definitions ? next : { ...before, error: next.error }));
  }, []);
  useEffect(() => {
    if (!asked || paused) return;
    void load();
    const timer = setInterval(() => void load(), EVERY_MS);
    return () => {
      run.current += 1;
      clearInterval(timer);
    };
  }, [load, asked, paused]);
  return { ...state, again: () => void load() };
}
