import { initGraphQLTada } from "gql.tada";
import type { Whole } from "@/shared/graphql/exact";
import type { introspection } from "./graphql-env.d.ts";

/** Typed documents: `graphql-env.d.ts` is generated from `../graphql/schema.graphql` by `npm run gen`. */
export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { DateTime: string; JSON: unknown; Long: Whole };
}>();

export type { ResultOf, VariablesOf } from "gql.tada";
