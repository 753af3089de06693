import { serverAudits } from "graphql-http";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { expect, test } from "./fixtures";
import { stack } from "./stack";

const authorization = `Bearer ${stack.token}`;

test("GraphQL over HTTP: no MUST or SHOULD of the specification's own audits fails", async () => {
  const audits = serverAudits({
    url: `${stack.url}/graphql`,
    fetchFn: (url: string, init: RequestInit = {}) =>
      fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), authorization } }),
  });
  const failed: string[] = [];
  for (const audit of audits) {
    const result = await audit.fn();
    if (result.status === "error" || result.status === "warn") {
      failed.push(`${result.id} ${result.name}: ${result.reason}`);
    }
  }
  expect(audits.length).toBeGreaterThan(50);
  expect(failed).toEqual([]);
});

test("graphql-transport-ws: its own client, as it comes, subscribes, and is told why a document is refused", async () => {
  const client = createClient({
    url: `${stack.url.replace("http", "ws")}/graphql/ws`,
    webSocketImpl: WebSocket,
    connectionParams: { token: stack.token },
    retryAttempts: 0,
  });
  const updates = client.iterate<{ instanceChanges: { __typename: string } }>({
    query: "subscription { instanceChanges { __typename } }",
  });
  const first = await updates.next();
  expect(first.value?.data?.instanceChanges.__typename).toBe("InstanceSnapshot");
  const refused = client.iterate({ query: "subscription { nothing }" });
  await expect(refused.next()).rejects.toMatchObject([{ extensions: { code: "INVALID_QUERY" } }]);
  await updates.return?.();
  await client.dispose();
});
