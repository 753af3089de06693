import { create } from "zustand";
import { client } from "@/shared/graphql/client";
import { noteServerTime, serverNow } from "@/shared/time/clock";
import { type System, SystemQuery } from "./documents";

export type { System };

const POLL_MS = 1_000;
/** An answer that takes longer is none: the next question must not wait for it. */
const PATIENCE_MS = 4_000;

interface SystemStore {
  /** The last answer; it stands while the server cannot be reached. */
  system: System | null;
  /** When it came, by the server's clock. */
  at: number;
  /** Since when it says that it cannot see: NATS is away, or heartbeats cannot be read. */
  blindSince: number | null;
  /** What the server answered instead the last time, in words; null when it answered, or not at all. */
  refusal: string | null;
}

export const useSystem = create<SystemStore>(() => ({
  system: null,
  at: 0,
  blindSince: null,
  refusal: null,
}));

export function pollSystem(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const ask = async (): Promise<void> => {
    const fetchOptions = { signal: AbortSignal.timeout(PATIENCE_MS) };
    const result = await client.query(SystemQuery, {}, { fetchOptions }).toPromise();
    if (ended) return;
    if (result.data) {
      noteServerTime(result.data.system.time);
      const { system } = result.data;
      const sees = system.natsConnected && system.heartbeatsVisible;
      useSystem.setState((before) => ({
        system,
        at: serverNow(),
        blindSince: sees ? null : (before.blindSince ?? serverNow()),
        refusal: null,
      }));
    } else useSystem.setState({ refusal: result.error?.graphQLErrors[0]?.message ?? null });
    timer = setTimeout(() => void ask(), POLL_MS);
  };
  void ask();
  return () => {
    ended = true;
    clearTimeout(timer);
    useSystem.setState({ system: null, at: 0, blindSince: null, refusal: null });
  };
}
