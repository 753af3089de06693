import type { TadaDocumentNode } from "gql.tada";
import { useCallback, useEffect, useRef, useState } from "react";
import { client } from "./client";
import { type AppError, errorFromUrql } from "./errors";

export interface Asked<Data, Vars = unknown> {
  /** The last good answer, also while a newer one is awaited or was refused. */
  data: Data | null;
  error: AppError | null;
  loading: boolean;
  /** When the last good answer came, by this machine's clock. */
  at: number | null;
  /** The variables that it answers. */
  of: Vars | null;
  again: () => void;
}

interface Options {
  /** Ask again so often, in milliseconds. */
  every?: number;
}

/** Asks once for each different set of variables; null asks nothing. */
export function useQuery<Data, Vars extends object>(
  document: TadaDocumentNode<Data, Vars>,
  variables: Vars | null,
  { every }: Options = {},
): Asked<Data, Vars> {
  const key = JSON.stringify(variables);
  const [state, setState] = useState<Omit<Asked<Data>, "again" | "of"> & { key: string; of: string }>({
    key: "",
    of: "null",
    data: null,
    error: null,
    loading: true,
    at: null,
  });
  const run = useRef(0);
  const ask = useCallback(async (): Promise<void> => {
    if (key === "null") return;
    const mine = ++run.current;
    setState((s) => ({ ...s, loading: true, ...(s.key !== key && { key, error: null }) }));
    const result = await client.query(document, JSON.parse(key) as Vars).toPromise();
    if (mine !== run.current) return;
    const { data, error } = result;
    setState((s) =>
      data && !error
        ? { key, of: key, data, error: null, loading: false, at: Date.now() }
        : { ...s, loading: false, error: error ? errorFromUrql(error) : null },
    );
  }, [document, key]);
  useEffect(() => {
    void ask();
    const timer = every === undefined ? undefined : setInterval(() => void ask(), every);
    return () => {
      run.current += 1;
      clearInterval(timer);
    };
  }, [ask, every]);
  const { data, error, loading, at, of } = state;
  return { data, error, loading, at, of: JSON.parse(of) as Vars | null, again: () => void ask() };
}
