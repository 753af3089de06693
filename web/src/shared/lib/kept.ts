import { readStored, writeStored } from "./stored";
import type { z } from "./zod";

/** A place in this browser where something of the page is kept, for all its tabs. */
export interface Kept<T> {
  /** What is there; the fallback where there is nothing, or nothing that can be read. */
  read: () => T;
  write: (value: T) => void;
  /** Called when another tab has written. */
  follow: (listener: (value: T) => void) => void;
}

export function kept<T>(key: string, schema: z.ZodMiniType<T>, fallback: T): Kept<T> {
  const read = (): T => {
    try {
      return schema.parse(JSON.parse(readStored(key)));
    } catch {
      return fallback;
    }
  };
  return {
    read,
    write: (value) => writeStored(key, JSON.stringify(value)),
    follow: (listener) =>
      window.addEventListener("storage", (event) => {
        // Without a key all of the storage was emptied.
        if (event.key === key || event.key === null) listener(read());
      }),
  };
}
