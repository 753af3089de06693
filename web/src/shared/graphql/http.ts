import { useConnectionStore } from "@/shared/connection/store";
import { useSession } from "@/shared/session/store";
import { noteRoughTime } from "@/shared/time/clock";
import { at } from "@/shared/url/base";
import { takeEarly } from "./early";
import { errorFromBody } from "./errors";
import { mark } from "./exact";

/** Every request of the page: a 401 anywhere means that the session is over. */
export async function appFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await (takeEarly(init?.body) ?? fetch(input, { credentials: "same-origin", ...init }));
  noteRoughTime(response.headers.get("date"));
  if (response.status === 401) sessionOver();
  if (!response.ok) return asGraphQL(response);
  const { status, headers } = response;
  return new Response(mark(await response.text()), { status, headers });
}

/** The client of GraphQL reads only results, so what the server says beside GraphQL becomes an error of one. */
async function asGraphQL(response: Response): Promise<Response> {
  const error = errorFromBody(response.status, await response.json().catch(() => null));
  const { message, ...extensions } = error;
  const headers = { "content-type": "application/json" };
  return new Response(JSON.stringify({ data: null, errors: [{ message, extensions }] }), { headers });
}

export function sessionOver(): void {
  useConnectionStore.getState().dispatch({ type: "denied" });
  useSession.getState().denied();
}

/** What the server says of this page when a websocket fails, which itself tells no reason. */
export type Standing = "allowed" | "denied" | { refused: string };

/**
 * Sends a cheap query to the path of queries and to that of the websocket, because a proxy may treat the two differently.
 * If either answers 401, the result is "denied"; else, if either answers 403, it is the reason given; else it is "allowed",
 * also when neither answers.
 */
export async function standing(timeoutMs = 3_000): Promise<Standing> {
  const answers = await Promise.all(["graphql", "graphql/ws"].map((path) => verdict(path, timeoutMs)));
  return answers.find((each) => each === "denied") ?? answers.find((each) => each !== "allowed") ?? "allowed";
}

async function verdict(path: string, timeoutMs: number): Promise<Standing> {
  try {
    const response = await fetch(at(path), {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "{ viewer { name } }" }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status === 401) return "denied";
    if (response.status !== 403) return "allowed";
    // Of another server on the way it is another matter, which may pass.
    const error = errorFromBody(response.status, await response.json());
    return error.code === "FORBIDDEN" ? { refused: error.message } : "allowed";
  } catch {
    return "allowed";
  }
}
