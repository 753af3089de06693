import { graphql } from "@/gql";

/** What the definitions call well: figures beyond that need somebody. */
export const LimitsOfServices = graphql(`
  query LimitsOfServices {
    definitions(first: 500) { nodes { service status p99LimitMs errorLimitPercent } }
  }
`);

/** How they were over time: since when they are too high. */
export const FiguresOverTime = graphql(`
  query FiguresOverTime($service: String!, $from: DateTime!, $to: DateTime!, $points: Int!) {
    metrics(service: $service, from: $from, to: $to, points: $points) {
      points { at errorPercent p99Ms }
    }
  }
`);

/** The same of single instances. */
export const FiguresOfInstances = graphql(`
  query FiguresOfInstances($ids: [String!]!, $from: DateTime!, $to: DateTime!, $points: Int!) {
    sparklines(ids: $ids, from: $from, to: $to, points: $points) {
      id
      points { at errorPercent p99Ms }
    }
  }
`);

/** The figures of the last minute that limits are set for. */
export const FiguresOfServices = graphql(`
  query FiguresOfServices {
    serviceSummaries(first: 500) { services { name minute { p99Ms errorPercent } } }
  }
`);
