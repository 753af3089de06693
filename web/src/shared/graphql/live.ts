import { stringifyDocument } from "@urql/core";
import type { TadaDocumentNode } from "gql.tada";
import { type Client, createClient } from "graphql-ws";
import { backoffMs } from "@/shared/connection/backoff";
import type { ConnectionEvent } from "@/shared/connection/machine";
import { UNAUTHORIZED } from "./close-codes";
import { type AppError, errorFromGraphQL } from "./errors";
import { exactSocketFrom, revive } from "./exact";
import type { Standing } from "./http";
import { createAlarm } from "./wait";

const PONG_MS = 3_000;
/** A connection that stood for less counts as one more failure: the waits go on growing. */
const STEADY_MS = 5_000;

export interface Stream<Data, Vars> {
  document: TadaDocumentNode<Data, Vars>;
  /** Read again at each (re)subscription, so that a cursor moves along. */
  variables: () => Vars;
  onData: (data: Data) => void;
  onError: (error: AppError) => void;
}

export interface LiveOptions {
  url: string;
  dispatch: (event: ConnectionEvent) => void;
  onDenied: () => void;
  /** Asked after each failure: a websocket that is not accepted tells no reason. */
  standing: () => Promise<Standing>;
  /** Gives a websocket that was opened beforehand, if there is one. */
  early?: () => WebSocket | null;
  now?: () => number;
  random?: () => number;
}

export interface Live {
  subscribe: <Data, Vars>(stream: Stream<Data, Vars>) => () => void;
  /** Cuts the current connection, if any; the client then reconnects. */
  interrupt: () => void;
  /** Ends a wait before the next attempt. */
  hurry: () => void;
  stop: () => void;
}

/**
 * One websocket for all streams. graphql-ws reconnects and resubscribes by itself, except after closes it
 * deems fatal (1002, 1011, a server-side `complete`): those are retried here, with the same waits, which grow
 * until a connection has stood for {@link STEADY_MS}. 4401 is final: the session is over. So is the refusal of
 * pages of this address.
 */
export function createLive(options: LiveOptions): Live {
  const { dispatch, now = Date.now, random = Math.random } = options;
  const alarm = createAlarm();
  const active = new Set<() => void>();
  let socket: WebSocket | undefined;
  let pong: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let steadySince = Number.POSITIVE_INFINITY;
  let again: Promise<void> | undefined;
  let over = false;

  const stop = (): void => {
    if (over) return;
    over = true;
    for (const end of [...active]) end();
    clearTimeout(pong);
    alarm.ring();
    // It waits for an attempt under way, which has just lost its last subscription: that is no error here.
    Promise.resolve(client.dispose()).catch(() => {});
  };
  const denied = (): void => {
    if (over) return;
    stop();
    dispatch({ type: "denied" });
    options.onDenied();
  };
  const judge = (standing: Standing): void => {
    if (standing === "denied") denied();
    else if (standing !== "allowed" && !over) {
      stop();
      dispatch({ type: "refused", reason: standing.refused });
    }
  };
  const wait = async (): Promise<void> => {
    const retries = now() - steadySince >= STEADY_MS ? 0 : failures;
    failures = retries + 1;
    steadySince = socket ? now() : Number.POSITIVE_INFINITY;
    const ms = backoffMs(retries, random());
    dispatch({ type: "waiting", attempt: retries + 1, nextAt: now() + ms });
    // The check must not hold up the attempt; it is only there to tell «down» from «not allowed».
    void options.standing().then(judge);
    await alarm.sleep(ms);
  };

  const client: Client = createClient({
    url: options.url,
    webSocketImpl: exactSocketFrom(options.early ?? (() => null)),
    jsonMessageReviver: revive,
    jsonMessageReplacer: (_key, value) => (typeof value === "bigint" ? String(value) : value),
    connectionParams: () => ({}),
    keepAlive: 5_000,
    lazyCloseTimeout: 1_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: wait,
    shouldRetry: () => true,
    on: {
      connecting: () => dispatch({ type: "opening" }),
      opened: (opened) => {
        socket = opened as WebSocket;
      },
      connected: () => {
        steadySince = now();
        dispatch({ type: "opened", at: now() });
      },
      ping: (received) => {
        if (!received) pong = setTimeout(() => client.terminate(), PONG_MS);
      },
      pong: () => clearTimeout(pong),
      closed: (event) => {
        clearTimeout(pong);
        socket = undefined;
        if ((event as CloseEvent).code === UNAUTHORIZED) return denied();
        if (!over) dispatch({ type: "lost", at: now() });
      },
    },
  });

  const subscribe = <Data, Vars>(stream: Stream<Data, Vars>): (() => void) => {
    const query = stringifyDocument(stream.document);
    let ended = false;
    let waiting = false;
    let restarted = false;
    let dispose = (): void => {};
    const restart = (): void => {
      // An error may be followed by the end of the stream: that is one reason to begin again, not two.
      if (ended || over || waiting) return;
      waiting = true;
      restarted = socket !== undefined;
      if (!again) {
        // What the page shows stands still from now on, though the socket may be open.
        if (restarted) dispatch({ type: "lost", at: now() });
        again = wait().finally(() => {
          again = undefined;
        });
      }
      void again.then(start);
    };
    const start = (): void => {
      waiting = false;
      if (ended || over) return;
      // A getter, because graphql-ws serialises this same object at every reconnect.
      const payload = {
        query,
        get variables() {
          return stream.variables() as Record<string, unknown>;
        },
      };
      dispose = client.subscribe<Data>(payload, {
        next: (result) => {
          const error = result.errors?.[0];
          if (error) fail(errorFromGraphQL(error));
          else if (result.data) {
            // It goes on over the socket that stayed open: nothing else would say so.
            if (restarted) dispatch({ type: "opened", at: now() });
            restarted = false;
            stream.onData(result.data);
          }
        },
        error: (cause) => (Array.isArray(cause) && cause[0] ? fail(errorFromGraphQL(cause[0])) : restart()),
        complete: restart,
      });
    };
    const fail = (error: AppError): void => {
      if (error.code === "UNAUTHENTICATED") {
        denied();
        return;
      }
      stream.onError(error);
      if (error.retryable || error.code === "HISTORY_REPLACED") restart();
    };
    const end = (): void => {
      ended = true;
      active.delete(end);
      dispose();
    };
    active.add(end);
    start();
    return end;
  };

  return { subscribe, stop, hurry: alarm.ring, interrupt: () => socket && client.terminate() };
}
