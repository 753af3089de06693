import { client } from "@/shared/graphql/client";
import { type AppError, errorFromBody, errorFromUrql, unreachable } from "@/shared/graphql/errors";
import { type Role, useSession } from "@/shared/session/store";
import { at } from "@/shared/url/base";
import { ViewerQuery } from "./documents";

/** Asks who is signed in. A 401 has already marked the session as over (see `appFetch`). */
export async function loadViewer(): Promise<AppError | null> {
  const result = await client.query(ViewerQuery, {}).toPromise();
  const viewer = result.data?.viewer;
  if (viewer) {
    useSession.getState().signedIn({ name: viewer.name, role: viewer.role satisfies Role });
    return null;
  }
  if (useSession.getState().status === "denied") return null;
  return result.error ? errorFromUrql(result.error) : null;
}

/** Trades a token for the session cookie. Null on success. */
export async function signIn(token: string): Promise<AppError | null> {
  try {
    const response = await fetch(at("api/session"), {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
    });
    if (response.ok) return null;
    return errorFromBody(response.status, await response.json().catch(() => null));
  } catch {
    return unreachable;
  }
}

export async function signOut(): Promise<AppError | null> {
  try {
    const response = await fetch(at("api/session"), { method: "DELETE", credentials: "same-origin" });
    if (response.ok || response.status === 401) return null;
    return errorFromBody(response.status, await response.json().catch(() => null));
  } catch {
    return unreachable;
  }
}
