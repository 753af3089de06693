import { create } from "zustand";
import type { AppError } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";
import type { Live } from "@/shared/graphql/live";
import { throttle } from "@/shared/live/throttle";
import { type Event, EventTail } from "./documents";
import { emptyTail, extend, idAtCursor, type Tail } from "./log";

const PAINT_MS = 250;
/** So many events the live tail keeps. */
export const CAPACITY = 5_000;
const SNAPSHOT = 200;

interface EventStore {
  /** The live tail, oldest first; null before the first message. */
  events: readonly Event[] | null;
  asOf: Whole;
  error: AppError | null;
}

export const useEvents = create<EventStore>(() => ({ events: null, asOf: 0, error: null }));

type Listener = (events: readonly Event[]) => void;

let tail: Tail = emptyTail;
let received = false;
const listeners = new Set<Listener>();

const paint = throttle(() => {
  if (received) useEvents.setState({ events: tail.events, asOf: tail.cursor ?? 0, error: null });
}, PAINT_MS);

/** Called with each new event once, in order of sequence, except those of the first message. */
export function onNewEvents(listener: Listener): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function receive(events: readonly Event[], asOf: Whole): void {
  const before = tail.cursor;
  tail = extend(tail, events, asOf, CAPACITY);
  received = true;
  paint();
  if (before === null) return;
  const fresh = events.filter((event) => event.sequence > before);
  if (fresh.length > 0) for (const listener of listeners) listener(fresh);
}

export function startEvents(live: Live): () => void {
  return live.subscribe({
    document: EventTail,
    // From the cursor on, once there is one: nothing is lost while the connection is down.
    variables: () => ({ afterSequence: tail.cursor, afterId: idAtCursor(tail), snapshot: SNAPSHOT }),
    onData: ({ events }) => receive(events.events, events.asOfSequence),
    onError: (error) => {
      // Positions of a history that is gone mean nothing: what there is now is read anew.
      if (error.code === "HISTORY_REPLACED") resetEvents();
      else useEvents.setState({ error });
    },
  });
}

export function resetEvents(): void {
  paint.cancel();
  tail = emptyTail;
  received = false;
  useEvents.setState({ events: null, asOf: 0, error: null });
}
