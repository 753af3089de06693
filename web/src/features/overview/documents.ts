import { graphql, type ResultOf } from "@/gql";

export const ServiceRollups = graphql(`
  query ServiceRollups($after: String) {
    services(first: 200, after: $after) {
      nodes {
        name
        definition { status minInstances maxInstances registration version }
        versions
        p99Ms
        callsPerSecond
        errorPercent
        instances { status }
        leaders { instance }
      }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
  }
`);

export type ServiceNode = ResultOf<typeof ServiceRollups>["services"]["nodes"][number];
