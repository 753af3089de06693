import { useCallback, useState } from "react";

export interface Chosen<Item> {
  items: ReadonlyMap<string, Item>;
  choose: (key: string, item: Item, on: boolean) => void;
  chooseAll: (items: readonly (readonly [string, Item])[]) => void;
  clear: () => void;
}

/** What was ticked in a list, kept while other parts of the list are looked at. */
export function useChosen<Item>(): Chosen<Item> {
  const [items, setItems] = useState<ReadonlyMap<string, Item>>(new Map());
  const choose = useCallback(
    (key: string, item: Item, on: boolean) =>
      setItems((all) => {
        const next = new Map(all);
        if (on) next.set(key, item);
        else next.delete(key);
        return next;
      }),
    [],
  );
  const chooseAll = useCallback(
    (more: readonly (readonly [string, Item])[]) => setItems((all) => new Map([...all, ...more])),
    [],
  );
  const clear = useCallback(() => setItems(new Map()), []);
  return { items, choose, chooseAll, clear };
}
