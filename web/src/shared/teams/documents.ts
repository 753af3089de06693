import { graphql } from "@/gql";

/** Who answers for services, as their definitions say. */
export const Teams = graphql(`
  query Teams {
    definitions(first: 1000) { nodes { owner } }
  }
`);
