import { useCallback } from "react";
import { useSearchParams } from "react-router";

/** What an earlier change of the same moment made of the address, before the page is drawn with it. */
let changed: URLSearchParams | null = null;

export type ChangeAddress = (
  change: (now: URLSearchParams) => URLSearchParams,
  options?: { replace?: boolean },
) => void;

/** The query of the address. Several changes at once add up, and are one step back. */
export function useAddress(): [URLSearchParams, ChangeAddress] {
  const [params, setParams] = useSearchParams();
  const change = useCallback<ChangeAddress>(
    (of, options) => {
      const isFirst = changed === null;
      const next = of(changed ?? params);
      changed = next;
      if (isFirst) {
        setTimeout(() => {
          changed = null;
        });
      }
      setParams(next, { replace: !isFirst || (options?.replace ?? false) });
    },
    [params, setParams],
  );
  return [params, change];
}
