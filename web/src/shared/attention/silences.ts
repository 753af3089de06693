import { create } from "zustand";
import { readStored, writeStored } from "@/shared/lib/stored";
import { z } from "@/shared/lib/zod";
import { useSession } from "@/shared/session/store";
import { serverNow } from "@/shared/time/clock";

const KEY = "aegis.silences";

/** What is not to be told for a while, whenever it begins anew. */
export interface Silence {
  /** Key of the item. */
  key: string;
  reason: string;
  by: string;
  /** Epoch milliseconds. */
  until: number;
}

const stored = z.array(z.object({ key: z.string(), reason: z.string(), by: z.string(), until: z.number() }));

function read(): readonly Silence[] {
  try {
    return stored.parse(JSON.parse(readStored(KEY)));
  } catch {
    return [];
  }
}

interface Silences {
  silences: readonly Silence[];
  silence: (key: string, ms: number, reason: string) => void;
  end: (key: string) => void;
}

/** In this browser. */
export const useSilences = create<Silences>((set, get) => {
  const put = (next: readonly Silence[]): void => {
    const lasting = next.filter(({ until }) => until > serverNow());
    writeStored(KEY, JSON.stringify(lasting));
    set({ silences: lasting });
  };
  const others = (key: string): readonly Silence[] => get().silences.filter((each) => each.key !== key);
  return {
    silences: read(),
    silence: (key, ms, reason) => {
      const by = useSession.getState().viewer?.name ?? "nobody";
      put([...others(key), { key, reason, by, until: serverNow() + ms }]);
    },
    end: (key) => put(others(key)),
  };
});
