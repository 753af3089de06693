// @vitest-environment node

import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { ConnectionEvent } from "@/shared/connection/machine";
import { EventTail } from "@/shared/events/documents";
import type { Whole } from "@/shared/graphql/exact";
import { createLive, type Live, type LiveOptions } from "@/shared/graphql/live";

vi.stubGlobal("WebSocket", WebSocket);

interface Subscribed {
  socket: WebSocket;
  id: string;
  variables: { afterSequence: number | string | null };
}

let server: WebSocketServer;
let subscriptions: Subscribed[];
let connections: number;
let live: Live | undefined;

beforeEach(async () => {
  subscriptions = [];
  connections = 0;
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    connections += 1;
    socket.on("message", (raw) => {
      const message = JSON.parse(String(raw));
      if (message.type === "connection_init") socket.send('{"type":"connection_ack"}');
      if (message.type === "subscribe") {
        subscriptions.push({ socket, id: message.id, variables: message.payload.variables });
      }
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
});

afterEach(() => {
  live?.stop();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

function start(options: Partial<LiveOptions> = {}) {
  const seen: ConnectionEvent["type"][] = [];
  const errors: string[] = [];
  const onDenied = vi.fn();
  let cursor: Whole | null = null;
  live = createLive({
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql/ws`,
    dispatch: (event) => seen.push(event.type),
    onDenied,
    standing: async () => "allowed",
    random: () => 0,
    ...options,
  });
  live.subscribe({
    document: EventTail,
    variables: () => ({ afterSequence: cursor, snapshot: 10 }),
    onData: ({ events }) => {
      cursor = events.asOfSequence;
    },
    onError: (error) => errors.push(error.code),
  });
  return { seen, errors, onDenied };
}

const subscribed = (count: number) =>
  vi.waitFor(() => expect(subscriptions).toHaveLength(count), { timeout: 3_000 });
const latest = (): Subscribed => subscriptions.at(-1) as Subscribed;
const send = (message: object) => latest().socket.send(JSON.stringify({ id: latest().id, ...message }));
const next = (asOfSequence: number) =>
  send({
    type: "next",
    payload: { data: { events: { __typename: "EventBatch", events: [], asOfSequence } } },
  });

describe("the live connection", () => {
  it.each([1001, 1002, 1006, 1011, 4403])(
    "comes back after a close with %i, from the cursor on",
    async (code) => {
      const { seen, onDenied } = start();
      await subscribed(1);
      expect(latest().variables.afterSequence).toBeNull();
      next(42);
      await new Promise((resolve) => {
        latest().socket.once("pong", resolve);
        latest().socket.ping();
      });
      if (code === 1006) latest().socket.terminate();
      else latest().socket.close(code);
      await subscribed(2);
      expect(latest().variables.afterSequence).toBe(42);
      expect(seen).toEqual(["opening", "opened", "lost", "waiting", "opening", "opened"]);
      expect(onDenied).not.toHaveBeenCalled();
    },
  );

  it("takes a sequence beyond 2^53 as it is, and goes on from there to the digit", async () => {
    start();
    await subscribed(1);
    const { socket, id } = latest();
    const events = '{"__typename":"EventBatch","events":[],"asOfSequence":9007199254740993}';
    socket.send(`{"type":"next","id":"${id}","payload":{"data":{"events":${events}}}}`);
    send({ type: "complete" });
    await subscribed(2);
    expect(latest().variables.afterSequence).toBe("9007199254740993");
  });

  it("does not come back after 4401", async () => {
    const { seen, onDenied } = start();
    await subscribed(1);
    latest().socket.close(4401, "Unauthorized");
    await vi.waitFor(() => expect(onDenied).toHaveBeenCalledTimes(1));
    expect(seen.at(-1)).toBe("denied");
    expect(connections).toBe(1);
  });

  it("learns from the viewer query that a refused handshake means denied", async () => {
    const { onDenied } = start({ standing: async () => "denied" });
    await subscribed(1);
    latest().socket.terminate();
    await vi.waitFor(() => expect(onDenied).toHaveBeenCalledTimes(1));
    expect(connections).toBe(1);
  });

  it("does not come back once the server says that pages of this address may not connect", async () => {
    const reasons: string[] = [];
    const { onDenied } = start({
      standing: async () => ({ refused: "only those of https://floor.example may" }),
      dispatch: (event) => event.type === "refused" && reasons.push(event.reason),
    });
    await subscribed(1);
    latest().socket.terminate();
    await vi.waitFor(() => expect(reasons).toEqual(["only those of https://floor.example may"]));
    expect([connections, onDenied.mock.calls.length]).toEqual([1, 0]);
  });

  it("subscribes again when the server completes a subscription", async () => {
    start();
    await subscribed(1);
    next(7);
    send({ type: "complete" });
    await subscribed(2);
    expect(latest().variables.afterSequence).toBe(7);
  });

  it("waits longer each time while no connection stands, though each is accepted", async () => {
    const attempts: number[] = [];
    start({ dispatch: (event) => event.type === "waiting" && attempts.push(event.attempt) });
    for (const count of [1, 2, 3]) {
      await subscribed(count);
      latest().socket.send("not a message");
    }
    await subscribed(4);
    expect(attempts).toEqual([1, 2, 3]);
  });

  it("reports a refusal, and tries again only where that can help", async () => {
    const { errors } = start();
    await subscribed(1);
    send({
      type: "error",
      payload: [{ message: "busy", extensions: { code: "SLOW_SUBSCRIBER", retryable: true } }],
    });
    await subscribed(2);
    send({
      type: "error",
      payload: [{ message: "no", extensions: { code: "TOO_COMPLEX", retryable: false } }],
    });
    await vi.waitFor(() => expect(errors).toEqual(["SLOW_SUBSCRIBER", "TOO_COMPLEX"]));
    expect(subscriptions).toHaveLength(2);
  });
});
