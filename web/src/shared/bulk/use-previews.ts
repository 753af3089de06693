import { useEffect, useState } from "react";

/** What would become of one of many, and why it is left out where it is. */
export interface Preview {
  text: string;
  /** It can be done, yet somebody should look. */
  warn?: boolean;
  blocked?: boolean;
}

/** So many are asked for at the same time. */
const AT_ONCE = 4;

/** Previews of all items, one after the other; those that are not known yet are missing. */
export function usePreviews<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  load: (item: Item) => Promise<Preview>,
): ReadonlyMap<string, Preview> {
  const [found, setFound] = useState<ReadonlyMap<string, Preview>>(new Map());
  // What was chosen when the question was asked does not change while the dialog stands.
  useEffect(() => {
    let ended = false;
    const waiting = [...items];
    const worker = async (): Promise<void> => {
      for (let item = waiting.shift(); item !== undefined && !ended; item = waiting.shift()) {
        const preview = await load(item);
        const key = keyOf(item);
        if (!ended) setFound((all) => new Map(all).set(key, preview));
      }
    };
    for (let n = 0; n < AT_ONCE; n++) void worker();
    return () => {
      ended = true;
    };
  }, []);
  return found;
}
