import { create } from "zustand";
import { createTypicalPause } from "@/shared/freshness/typical-pause";
import type { Live } from "@/shared/graphql/live";
import { noteServerTime, serverNow } from "@/shared/time/clock";
import { type System, SystemChanges } from "./documents";

export type { System };

interface SystemStore {
  /** What was told last; it stands while nothing is told. */
  system: System | null;
  /** When it was told, by the server's clock. */
  at: number;
  /** How long it usually is from one newest heartbeat to the next. */
  usualMs: number;
  /** Since when it says that it cannot see: NATS is away, or heartbeats cannot be read. */
  blindSince: number | null;
  /** Why the server tells nothing, in its words; null while it does. */
  refusal: string | null;
}

const nothing: SystemStore = { system: null, at: 0, usualMs: 1_000, blindSince: null, refusal: null };

export const useSystem = create<SystemStore>(() => nothing);

let typicalPause = createTypicalPause();

export function receiveSystem(system: System): void {
  noteServerTime(system.time);
  const sees = system.natsConnected && system.heartbeatsVisible;
  useSystem.setState((before) => ({
    system,
    at: serverNow(),
    usualMs: typicalPause(system.newestBeatAt === null ? null : Date.parse(system.newestBeatAt)),
    blindSince: sees ? null : (before.blindSince ?? serverNow()),
    refusal: null,
  }));
}

export function startSystem(live: Live): () => void {
  const end = live.subscribe({
    document: SystemChanges,
    variables: () => ({}),
    onData: ({ systemChanges }) => receiveSystem(systemChanges),
    onError: ({ message }) => useSystem.setState({ refusal: message }),
  });
  return () => {
    end();
    typicalPause = createTypicalPause();
    useSystem.setState(nothing);
  };
}
