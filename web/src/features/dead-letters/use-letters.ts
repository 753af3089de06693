import { useCallback, useEffect, useRef, useState } from "react";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql } from "@/shared/graphql/errors";
import { order } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import type { Result } from "./decide";
import { type Letter, LetterCauses, LetterList, type ToldGroup } from "./documents";
import { letterKey } from "./letters";

const EVERY_MS = 5_000;
/** To count them, the server looks at thousands. */
const COUNTED_EVERY_MS = 15_000;
/** So many letters are read at most: a page of a browser is no place for more. */
export const READ_MAX = 5_000;

/** What is read, and whether more is left. */
interface Reached {
  letters: readonly Letter[];
  left: boolean;
  /** Why no more was read, where that is the reason. */
  error: AppError | null;
}

interface Letters {
  /** Newest first; null before the first answer. Those decided here stay, so that nothing moves away. */
  letters: readonly Letter[] | null;
  /** What the server tells of each cause. */
  told: readonly ToldGroup[];
  total: number;
  error: AppError | null;
  more: boolean;
  older: () => void;
  /** Reads older pages until that holds of what is read, or there are no more. */
  reach: (enough: (letters: readonly Letter[]) => boolean) => Promise<Reached>;
  again: () => void;
  results: ReadonlyMap<string, Result>;
  note: (letter: Letter, result: Result) => void;
}

interface Pages {
  letters: readonly Letter[] | null;
  total: number;
  /** Where the next older page begins. */
  cursor: string | null;
  more: boolean;
  error: AppError | null;
}

const nothing: Pages = { letters: null, total: 0, cursor: null, more: false, error: null };
const none: readonly ToldGroup[] = [];

export function useLetters(kind: string): Letters {
  const [pages, setPages] = useState<Pages>(nothing);
  const [results, setResults] = useState<ReadonlyMap<string, Result>>(new Map());
  const causes = useQuery(LetterCauses, {}, { every: COUNTED_EVERY_MS });
  const [now, decided] = [useRef(pages), useRef(results)];
  now.current = pages;
  decided.current = results;
  const run = useRef(0);

  const page = useCallback(
    (after: string | null) =>
      client.query(LetterList, { after, kind: kind === "" ? null : kind }).toPromise(),
    [kind],
  );

  /** Reads the first page anew; older ones stand as they were read. */
  const renew = useCallback(async () => {
    const mine = run.current;
    const { data, error } = await page(null);
    if (mine !== run.current) return;
    if (!data) {
      setPages((all) => ({ ...all, error: error ? errorFromUrql(error) : null }));
      return;
    }
    const { nodes, pageInfo, totalCount } = data.deadLetters;
    setPages((all) => {
      const isFirst = all.cursor === null || (all.letters?.length ?? 0) <= nodes.length;
      return {
        letters: renewed(all.letters ?? [], nodes, (letter) => decided.current.has(letterKey(letter))),
        total: Number(totalCount),
        cursor: isFirst ? pageInfo.endCursor : all.cursor,
        more: isFirst ? pageInfo.hasNextPage : all.more,
        error: null,
      };
    });
  }, [page]);

  useEffect(() => {
    setPages(nothing);
    void renew();
    const timer = setInterval(() => void renew(), EVERY_MS);
    return () => {
      run.current += 1;
      clearInterval(timer);
    };
  }, [renew]);

  const reach = useCallback(
    async (enough: (letters: readonly Letter[]) => boolean): Promise<Reached> => {
      const mine = run.current;
      let { cursor, more } = now.current;
      let read = now.current.letters ?? [];
      while (more && !enough(read) && read.length < READ_MAX) {
        const { data, error } = await page(cursor);
        if (mine !== run.current) return { letters: read, left: true, error: null };
        if (!data) {
          const told = error ? errorFromUrql(error) : null;
          setPages((all) => ({ ...all, error: told }));
          return { letters: read, left: true, error: told };
        }
        const { nodes, pageInfo } = data.deadLetters;
        read = united(read, nodes);
        cursor = pageInfo.endCursor ?? cursor;
        more = pageInfo.hasNextPage;
        const next = { cursor, more };
        setPages((all) => ({ ...all, letters: united(all.letters ?? [], nodes), ...next }));
      }
      return { letters: read, left: more, error: null };
    },
    [page],
  );

  return {
    ...pages,
    told: causes.data?.deadLetterGroups.groups ?? none,
    older: () => {
      const had = pages.letters?.length ?? 0;
      void reach((letters) => letters.length > had);
    },
    reach,
    again: () => {
      void renew();
      causes.again();
    },
    results,
    note: (letter, result) => setResults((all) => new Map(all).set(letterKey(letter), result)),
  };
}

const newestFirst = (letters: readonly Letter[]): readonly Letter[] =>
  [...letters].sort((a, b) => order(b.sequence, a.sequence));

/** What was read with a page more, each letter once. */
function united(read: readonly Letter[], page: readonly Letter[]): readonly Letter[] {
  const keys = new Set(read.map(letterKey));
  return newestFirst([...read, ...page.filter((each) => !keys.has(letterKey(each)))]);
}

/** What was read with the first page as it is now: what is gone from it was decided on elsewhere, unless it was here. */
export function renewed(
  read: readonly Letter[],
  page: readonly Letter[],
  isDecidedHere: (letter: Letter) => boolean,
): readonly Letter[] {
  const keys = new Set(page.map(letterKey));
  const oldest = page.at(-1);
  const stays = (letter: Letter): boolean =>
    keys.has(letterKey(letter)) ||
    isDecidedHere(letter) ||
    (oldest !== undefined && letter.sequence < oldest.sequence);
  return united(read.filter(stays), page);
}
