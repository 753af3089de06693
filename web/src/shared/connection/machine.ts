/** What the page can honestly say about its live connection. Moments are epoch milliseconds. */
export type Connection =
  | { kind: "idle" }
  | { kind: "connecting" }
  | { kind: "live"; since: number }
  | { kind: "reconnecting"; attempt: number; nextAt: number | null; staleSince: number | null }
  | { kind: "denied" };

export type ConnectionEvent =
  | { type: "opening" }
  | { type: "opened"; at: number }
  | { type: "lost"; at: number }
  | { type: "waiting"; attempt: number; nextAt: number }
  | { type: "denied" }
  | { type: "stopped" };

export const idle: Connection = { kind: "idle" };

export function nextConnection(state: Connection, event: ConnectionEvent): Connection {
  switch (event.type) {
    case "stopped":
      return state.kind === "denied" ? state : idle;
    case "denied":
      return { kind: "denied" };
    case "opened":
      return { kind: "live", since: event.at };
    case "opening":
      if (state.kind === "reconnecting") return { ...state, nextAt: null };
      return state.kind === "live" ? state : { kind: "connecting" };
    case "lost":
      if (state.kind === "denied" || state.kind === "idle") return state;
      return {
        kind: "reconnecting",
        attempt: attemptOf(state),
        nextAt: null,
        staleSince: staleSince(state, event.at),
      };
    case "waiting":
      if (state.kind === "denied" || state.kind === "idle") return state;
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
  return state.kind === "reconnecting" ? state.staleSince : null;
}

function attemptOf(state: Connection): number {
  return state.kind === "reconnecting" ? state.attempt : 0;
}

function staleSince(state: Connection, at: number): number | null {
  if (state.kind === "live") return at;
  return state.kind === "reconnecting" ? state.staleSince : null;
}
