import { Client, fetchExchange, mapExchange } from "@urql/core";
import { at } from "@/shared/url/base";
import { unmark } from "./exact";
import { appFetch } from "./http";

/**
 * Queries and mutations only. There is no cache exchange: what is live arrives by subscription and is kept
 * in the stores of its feature, and what is asked here is wanted as it stands now.
 */
export const client = new Client({
  url: at("graphql"),
  exchanges: [
    mapExchange({ onResult: (result) => ({ ...result, data: unmark(result.data) }) }),
    fetchExchange,
  ],
  fetch: appFetch,
  preferGetMethod: false,
  requestPolicy: "network-only",
});
