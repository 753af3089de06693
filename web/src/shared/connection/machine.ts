/** What the page can honestly say about its live connection. Moments are epoch milliseconds. */
export type Connection =
  | { kind: "idle" }
  | { kind: "connecting" }
  | { kind: "live"; since: number }
  | { kind: "reconnecting"; attempt: number; nextAt: number | null; staleSince: number | null }
  | { kind: "denied" }
  /** The server takes no connection from this page, and says why: trying again would not help. */
  | { kind: "refused"; reason: string; staleSince: number | null };

export type ConnectionEvent =
  | { type: "opening" }
  | { type: "opened"; at: number }
  | { type: "lost"; at: number }
  | { type: "waiting"; attempt: number; nextAt: number }
  | { type: "denied" }
  | { type: "refused"; reason: string }
  | { type: "stopped" };

export const idle: Connection = { kind: "idle" };

export function nextConnection(state: Connection, event: ConnectionEvent): Connection {
  switch (event.type) {
    case "stopped":
      return state.kind === "denied" ? state : idle;
    case "denied":
      return { kind: "denied" };
    case "refused":
      if (state.kind === "denied") return state;
      return { kind: "refused", reason: event.reason, staleSince: staleMoment(state) };
    case "opened":
      return { kind: "live", since: event.at };
    case "opening":
      if (state.kind === "reconnecting") return { ...state, nextAt: null };
      return state.kind === "live" ? state : { kind: "connecting" };
    case "lost":
      if (isOver(state)) return state;
      return {
        kind: "reconnecting",
        attempt: attemptOf(state),
        nextAt: null,
        staleSince: staleSince(state, event.at),
      };
    case "waiting":
      if (isOver(state)) return state;
      return {
        kind: "reconnecting",
        attempt: event.attempt,
        nextAt: event.nextAt,
        staleSince: state.kind === "reconnecting" ? state.staleSince : null,
      };
  }
}

/** Null while the data on the page is current, or while there is none yet. */
export function staleMoment(state: Connection): number | null {
  return state.kind === "reconnecting" || state.kind === "refused" ? state.staleSince : null;
}

function isOver(state: Connection): boolean {
  return state.kind === "denied" || state.kind === "refused" || state.kind === "idle";
}

function attemptOf(state: Connection): number {
  return state.kind === "reconnecting" ? state.attempt : 0;
}

function staleSince(state: Connection, at: number): number | null {
  if (state.kind === "live") return at;
  return state.kind === "reconnecting" ? state.staleSince : null;
}
