import { create } from "zustand";
import { kept } from "@/shared/lib/kept";
import { z } from "@/shared/lib/zod";
import { useSession } from "@/shared/session/store";
import { serverNow } from "@/shared/time/clock";

/** What is not to be told for a while, whenever it begins anew. */
export interface Silence {
  /** Key of the item. */
  key: string;
  reason: string;
  by: string;
  /** Epoch milliseconds. */
  until: number;
}

const silence = z.object({ key: z.string(), reason: z.string(), by: z.string(), until: z.number() });
const place = kept<readonly Silence[]>("aegis.silences", z.array(silence), []);

interface Silences {
  silences: readonly Silence[];
  silence: (key: string, ms: number, reason: string) => void;
  end: (key: string) => void;
}

/** In this browser, for all its tabs. */
export const useSilences = create<Silences>((set, get) => {
  const put = (next: readonly Silence[]): void => {
    const lasting = next.filter(({ until }) => until > serverNow());
    place.write(lasting);
    set({ silences: lasting });
  };
  const others = (key: string): readonly Silence[] => get().silences.filter((each) => each.key !== key);
  return {
    silences: place.read(),
    silence: (key, ms, reason) => {
      const by = useSession.getState().viewer?.name ?? "nobody";
      put([...others(key), { key, reason, by, until: serverNow() + ms }]);
    },
    end: (key) => put(others(key)),
  };
});

place.follow((silences) => useSilences.setState({ silences }));
