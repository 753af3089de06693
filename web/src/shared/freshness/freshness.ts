import type { Connection } from "@/shared/connection/machine";

/** How current the page is. Moments are epoch milliseconds of the server's clock. */
export type Freshness =
  | { kind: "starting" }
  | { kind: "live" }
  | { kind: "delayed"; seconds: number }
  /** The socket is open, and nothing is heard of the instances. */
  | { kind: "blind"; since: number }
  | { kind: "reconnecting"; attempt: number; nextInSeconds: number; since: number | null }
  | { kind: "denied" }
  | { kind: "refused"; reason: string };

/** What holds for all that the page shows. */
export interface Truth {
  freshness: Freshness;
  /** Since when nothing may be said of any instance; null while there is sight. */
  unknownSince: number | null;
  /** Most instances fell silent at once, and none is marked down: those that are silent are unknown. */
  preserving: boolean;
}

export interface Evidence {
  now: number;
  connection: Connection;
  /** Null before the system was told of once. */
  system: {
    /** When the last answer came. */
    at: number;
    /** Since when it says itself that it cannot see: NATS is away, or heartbeats cannot be read. */
    blindSince: number | null;
    preserving: boolean;
  } | null;
  beats: {
    /** The newest heartbeat of any instance. */
    newest: number | null;
    /** How many instances should beat. */
    alive: number;
    /** The longest usual pause between two beats of any instance. */
    usualMs: number;
  };
}

const LIVE_MS = 2_000;
const UNKNOWN_MS = 5_000;
/** Of fewer than that, silence says little. */
const ENOUGH = 3;

export function truthOf(evidence: Evidence): Truth {
  const { now, connection, system } = evidence;
  const preserving = system?.preserving ?? false;
  const told = toldSince(evidence);
  const silent = silence(evidence);
  const since = told ?? silent;
  const down = downSince(connection);
  const unknown = [
    down !== null && now - down >= UNKNOWN_MS ? down : null,
    // What the system says itself is beyond doubt, and needs no patience.
    told,
    silent !== null && now - silent >= UNKNOWN_MS ? silent : null,
  ].filter((moment) => moment !== null);
  const unknownSince = unknown.length > 0 ? Math.min(...unknown) : null;
  return { freshness: freshnessOf(connection, now, since, told !== null), unknownSince, preserving };
}

function freshnessOf(state: Connection, now: number, since: number | null, told: boolean): Freshness {
  switch (state.kind) {
    case "idle":
    case "connecting":
      return { kind: "starting" };
    case "denied":
      return { kind: "denied" };
    case "refused":
      return { kind: "refused", reason: state.reason };
    case "reconnecting": {
      const wait = state.nextAt === null ? 0 : Math.max(0, Math.ceil((state.nextAt - now) / 1_000));
      return {
        kind: "reconnecting",
        attempt: Math.max(1, state.attempt),
        nextInSeconds: wait,
        since: state.staleSince,
      };
    }
    case "live":
      if (since === null || (!told && now - since <= LIVE_MS)) return { kind: "live" };
      return told || now - since >= UNKNOWN_MS
        ? { kind: "blind", since }
        : { kind: "delayed", seconds: Math.floor((now - since) / 1_000) };
  }
}

/** Since when the system says that it cannot see; the newest heartbeat was before that, if there was any. */
function toldSince({ system, beats }: Evidence): number | null {
  if (system?.blindSince == null) return null;
  return Math.min(beats.newest ?? system.blindSince, system.blindSince);
}

/** Since when there was no sign of life from behind the socket; null while there is. */
function silence({ now, system, beats }: Evidence): number | null {
  if (system === null) return null;
  const signs: number[] = [];
  if (now - system.at > LIVE_MS) signs.push(system.at);
  const patience = Math.max(0, 3 * beats.usualMs - UNKNOWN_MS);
  if (beats.alive >= ENOUGH && beats.newest !== null && now - beats.newest - patience > LIVE_MS)
    signs.push(beats.newest + patience);
  return signs.length > 0 ? Math.min(...signs) : null;
}

function downSince(connection: Connection): number | null {
  return connection.kind === "reconnecting" || connection.kind === "refused" ? connection.staleSince : null;
}
