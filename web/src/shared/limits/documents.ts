import { graphql } from "@/gql";

/** What the definitions call well: figures beyond that need somebody. */
export const LimitsOfServices = graphql(`
  query LimitsOfServices {
    definitions(first: 500) { nodes { service status p99LimitMs errorLimitPercent } }
  }
`);
