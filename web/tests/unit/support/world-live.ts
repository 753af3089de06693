import { stringifyDocument } from "@urql/core";
import { subscribe as follow, graphql, parse } from "graphql";
import { vi } from "vitest";
import { startPulse } from "@/shared/freshness/pulse";
import type { Live } from "@/shared/graphql/live";
import { useConnectionOf } from "@/shared/graphql/use-live";
import { startSystem } from "@/shared/system/store";
import { rootOf, schema } from "../../mock/schema";
import type { World } from "../../mock/world";

/** Lets the page talk to a mock world: queries by `fetch`, subscriptions by a live connection without a socket. */
export function connectTo(world: World): () => void {
  const rootValue = rootOf(world);
  vi.stubGlobal("fetch", async (_url: unknown, init?: RequestInit) => {
    const { query, variables } = JSON.parse(String(init?.body));
    const result = await graphql({ schema, source: query, rootValue, variableValues: variables });
    return new Response(JSON.stringify(result), { headers: { "content-type": "application/json" } });
  });
  const live: Live = {
    subscribe: ({ document, variables, onData }) => {
      let ended = false;
      const source = parse(stringifyDocument(document));
      const run = async (): Promise<void> => {
        const stream = await follow({
          schema,
          document: source,
          rootValue,
          variableValues: variables() as Record<string, unknown>,
        });
        if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
        for await (const result of stream) {
          if (ended) return;
          onData(result.data as never);
        }
      };
      void run();
      return () => {
        ended = true;
      };
    },
    interrupt: () => {},
    hurry: () => {},
    stop: () => {},
  };
  useConnectionOf.setState({ live });
  const ends = [startPulse(live), startSystem(live)];
  return () => {
    for (const end of ends) end();
    useConnectionOf.setState({ live: null });
    vi.unstubAllGlobals();
  };
}
