import { at } from "@/shared/url/base";
import { UNAUTHORIZED } from "./close-codes";
import { exactSocket } from "./exact";
import { liveUrl } from "./live-url";

/**
 * What the page asks before anything else, word for word as its GraphQL client sends it: `main.tsx` asks it while the rest
 * of the page is still on its way. Held to the document by a test.
 */
export const FIRST_QUESTION =
  '{"operationName":"Viewer","query":"query Viewer {\\n  viewer {\\n    name\\n    role\\n  }\\n}","variables":{}}';

/** As `graphql-ws` calls what it speaks. */
const PROTOCOL = "graphql-transport-ws";

let early: Promise<Response> | null = null;
let socket: WebSocket | null = null;

export function askEarly(): void {
  early = fetch(at("graphql"), {
    method: "POST",
    credentials: "same-origin",
    headers: {
      "content-type": "application/json",
      accept:
        "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed",
    },
    body: FIRST_QUESTION,
  });
  early.then(
    ({ ok }) => {
      if (!ok) return;
      const opened = new (exactSocket())(liveUrl(window.location), PROTOCOL);
      socket = opened;
      opened.addEventListener("close", ({ code }) => {
        if (code !== UNAUTHORIZED && socket === opened) socket = null;
      });
    },
    // Whoever takes the answer learns of it.
    () => {},
  );
}

/** The answer to this question, if it has been asked already; once. */
export function takeEarly(body: unknown): Promise<Response> | null {
  if (body !== FIRST_QUESTION) return null;
  const taken = early;
  early = null;
  return taken;
}

/**
 * The websocket that was opened when it was known who is there, unless it is closed again; once. One that was closed because
 * the session is over says so to whoever takes it: another would hear no other answer.
 */
export function takeSocket(): WebSocket | null {
  const taken = socket;
  socket = null;
  return taken;
}
