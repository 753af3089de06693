import type { TadaDocumentNode } from "gql.tada";
import { useEffect, useRef } from "react";
import { create } from "zustand";
import type { AppError } from "./errors";
import type { Live } from "./live";

/** The one live connection of whoever is signed in. */
export const useConnectionOf = create<{ live: Live | null }>(() => ({ live: null }));

interface Handlers<Data> {
  onData: (data: Data) => void;
  onError: (error: AppError) => void;
}

/** Follows a document as long as the component stands; null follows nothing. Other variables begin another subscription. */
export function useLive<Data, Vars>(
  document: TadaDocumentNode<Data, Vars>,
  variables: Vars | null,
  handlers: Handlers<Data>,
): void {
  const live = useConnectionOf((s) => s.live);
  const latest = useRef(handlers);
  latest.current = handlers;
  const key = JSON.stringify(variables);
  useEffect(() => {
    if (!live || key === "null") return;
    let ended = false;
    const end = live.subscribe({
      document,
      variables: () => JSON.parse(key) as Vars,
      onData: (data) => !ended && latest.current.onData(data),
      onError: (error) => !ended && latest.current.onError(error),
    });
    return () => {
      ended = true;
      end();
    };
  }, [live, document, key]);
}
