import { graphql } from "@/gql";

/** What the definitions call well: figures beyond that need somebody. */
export const LimitsOfServices = graphql(`
  query LimitsOfServices {
    definitions(first: 500) { nodes { service status p99LimitMs errorLimitPercent } }
  }
`);

/** The figures of the last minute that limits are set for. */
export const FiguresOfServices = graphql(`
  query FiguresOfServices {
    serviceSummaries(first: 500) { services { name minute { p99Ms errorPercent } } }
  }
`);
