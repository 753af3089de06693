import { create } from "zustand";
import { client } from "@/shared/graphql/client";
import { noteServerTime } from "@/shared/time/clock";
import { type System, SystemQuery } from "./documents";

export type { System };

const POLL_MS = 3_000;

interface SystemStore {
  system: System | null;
  /** What the server answered instead the last time, in words; null when it answered, or not at all. */
  refusal: string | null;
}

/** The last answer stands while the server cannot be reached; the connection state says that it is old. */
export const useSystem = create<SystemStore>(() => ({ system: null, refusal: null }));

export function pollSystem(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const ask = async (): Promise<void> => {
    const result = await client.query(SystemQuery, {}).toPromise();
    if (ended) return;
    if (result.data) {
      noteServerTime(result.data.system.time);
      useSystem.setState({ system: result.data.system, refusal: null });
    } else useSystem.setState({ refusal: result.error?.graphQLErrors[0]?.message ?? null });
    timer = setTimeout(() => void ask(), POLL_MS);
  };
  void ask();
  return () => {
    ended = true;
    clearTimeout(timer);
    useSystem.setState({ system: null, refusal: null });
  };
}
