import { Client, fetchExchange } from "@urql/core";
import { appFetch } from "./http";

/**
 * Queries and mutations only. There is no cache exchange: what is live arrives by subscription and is kept
 * in the stores of its feature, and what is asked here is wanted as it stands now.
 */
export const client = new Client({
  url: "/graphql",
  exchanges: [fetchExchange],
  fetch: appFetch,
  preferGetMethod: false,
  requestPolicy: "network-only",
});
