import { useCallback, useMemo } from "react";
import { readUrl, type Shape, type Values, writeUrl } from "./codec";
import { useAddress } from "./use-address";

export type SetUrl<S extends Shape> = (change: Partial<Values<S>>, options?: { replace?: boolean }) => void;

/** The view as it stands in the address: back, forward and copied links restore it. Typing replaces, choosing pushes. */
export function useUrlState<S extends Shape>(shape: S): [Values<S>, SetUrl<S>] {
  const [params, setParams] = useAddress();
  const values = useMemo(() => readUrl(shape, params), [shape, params]);
  const set = useCallback<SetUrl<S>>(
    (change, options) =>
      setParams((now) => writeUrl(shape, now, change), { replace: options?.replace ?? false }),
    [shape, setParams],
  );
  return [values, set];
}
