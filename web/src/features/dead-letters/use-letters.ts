import { useCallback, useEffect, useRef, useState } from "react";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import type { Result } from "./decide";
import { type Letter, LetterList } from "./documents";
import { letterKey } from "./letters";

const EVERY_MS = 5_000;

interface Letters {
  /** Newest first; null before the first answer. Those decided here stay, so that nothing moves away. */
  letters: readonly Letter[] | null;
  total: number;
  error: AppError | null;
  more: boolean;
  older: () => void;
  again: () => void;
  results: ReadonlyMap<string, Result>;
  note: (letter: Letter, result: Result) => void;
}

interface Pages {
  letters: readonly Letter[] | null;
  total: number;
  cursor: string | null;
  more: boolean;
  error: AppError | null;
}

const nothing: Pages = { letters: null, total: 0, cursor: null, more: false, error: null };

export function useLetters(kind: string): Letters {
  const [pages, setPages] = useState<Pages>(nothing);
  const [results, setResults] = useState<ReadonlyMap<string, Result>>(new Map());
  const decided = useRef(results);
  decided.current = results;
  const run = useRef(0);

  const ask = useCallback(
    async (after: string | null) => {
      const mine = ++run.current;
      const { data, error } = await client
        .query(LetterList, { after, kind: kind === "" ? null : kind })
        .toPromise();
      if (mine !== run.current) return;
      if (!data) {
        setPages((now) => ({ ...now, error: error ? errorFromUrql(error) : null }));
        return;
      }
      const { nodes, pageInfo, totalCount } = data.deadLetters;
      setPages((now) => {
        // The first page is read anew; older pages stand as they were read.
        const found = after === null ? fresh(nodes, now.letters ?? []) : [...(now.letters ?? []), ...nodes];
        const kept = found.filter((each) => nodes.includes(each) || !isGone(each, nodes, after));
        const beyond = after !== null || now.cursor === null || (now.letters?.length ?? 0) <= nodes.length;
        return {
          letters: kept,
          total: Number(totalCount),
          cursor: beyond ? pageInfo.endCursor : now.cursor,
          more: beyond ? pageInfo.hasNextPage : now.more,
          error: null,
        };
      });
    },
    [kind],
  );

  /** Whether a letter that was listed has been decided on elsewhere. */
  const isGone = (letter: Letter, page: readonly Letter[], after: string | null): boolean => {
    if (after !== null || decided.current.has(letterKey(letter))) return false;
    const oldest = page.at(-1);
    return oldest === undefined || letter.sequence >= oldest.sequence;
  };

  useEffect(() => {
    setPages(nothing);
    void ask(null);
    const timer = setInterval(() => void ask(null), EVERY_MS);
    return () => {
      run.current += 1;
      clearInterval(timer);
    };
  }, [ask]);

  return {
    ...pages,
    older: () => void ask(pages.cursor),
    again: () => void ask(null),
    results,
    note: (letter, result) => setResults((all) => new Map(all).set(letterKey(letter), result)),
  };
}

/** A newly read first page before what was listed already, each letter once. */
function fresh(page: readonly Letter[], listed: readonly Letter[]): Letter[] {
  const keys = new Set(page.map(letterKey));
  const rest = listed.filter((each) => !keys.has(letterKey(each)));
  return [...page, ...rest].sort((a, b) => (a.sequence < b.sequence ? 1 : a.sequence > b.sequence ? -1 : 0));
}
