import { create } from "zustand";
import { type Connection, type ConnectionEvent, idle, nextConnection, staleMoment } from "./machine";

interface ConnectionStore {
  connection: Connection;
  dispatch: (event: ConnectionEvent) => void;
}

export const useConnectionStore = create<ConnectionStore>((set) => ({
  connection: idle,
  dispatch: (event) => set((s) => ({ connection: nextConnection(s.connection, event) })),
}));

export const useConnection = (): Connection => useConnectionStore((s) => s.connection);

/** Why the server takes no connection from this page, or null. */
export const useRefusal = (): string | null =>
  useConnectionStore((s) => (s.connection.kind === "refused" ? s.connection.reason : null));

/** The moment since which the data on the page is stale, or null. */
export const useStaleSince = (): number | null => useConnectionStore((s) => staleMoment(s.connection));
