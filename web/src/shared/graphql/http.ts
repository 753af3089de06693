import { useConnectionStore } from "@/shared/connection/store";
import { useSession } from "@/shared/session/store";
import { at } from "@/shared/url/base";
import { errorFromBody } from "./errors";
import { mark } from "./exact";

/** Every request of the page: a 401 anywhere means that the session is over. */
export async function appFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, { credentials: "same-origin", ...init });
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

/** Asks the cheapest question there is: true when the server says that nobody is signed in. */
export async function isDenied(timeoutMs = 3_000): Promise<boolean> {
  try {
    const response = await fetch(at("graphql"), {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "{ viewer { name } }" }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return response.status === 401;
  } catch {
    return false;
  }
}
