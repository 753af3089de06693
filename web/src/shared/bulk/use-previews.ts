import { useEffect, useState } from "react";

/** What would become of one of many, and why it is left out where it is. */
export interface Preview {
  text: string;
  /** It can be done, yet somebody should look. */
  warn?: boolean;
  blocked?: boolean;
}

/** So many questions are asked at the same time. */
const AT_ONCE = 4;

/** Items in the chunks that one question may name. */
export function chunksOf<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}

/** Previews of all items, so many at a time as one question may name; those that are not known yet are missing. */
export function usePreviews<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  load: (items: readonly Item[]) => Promise<readonly Preview[]>,
  size: number,
): ReadonlyMap<string, Preview> {
  const [found, setFound] = useState<ReadonlyMap<string, Preview>>(new Map());
  // What was chosen when the question was asked does not change while the dialog stands.
  useEffect(() => {
    let ended = false;
    const waiting = [...chunksOf(items, size)];
    const worker = async (): Promise<void> => {
      for (let chunk = waiting.shift(); chunk !== undefined && !ended; chunk = waiting.shift()) {
        const previews = await load(chunk);
        const keys = chunk.map(keyOf);
        if (ended) return;
        setFound((all) => {
          const next = new Map(all);
          previews.forEach((preview, n) => {
            const key = keys[n];
            if (key !== undefined) next.set(key, preview);
          });
          return next;
        });
      }
    };
    for (let n = 0; n < AT_ONCE; n++) void worker();
    return () => {
      ended = true;
    };
  }, []);
  return found;
}
