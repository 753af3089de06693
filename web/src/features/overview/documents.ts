import { graphql } from "@/gql";
import { SummaryFields } from "@/shared/services/documents";

/** Services as they stood, without figures. */
export const ServicesAsOf = graphql(
  `
  query ServicesAsOf($sequence: Long, $time: DateTime, $filter: ServiceFilter, $first: Int!) {
    asOf(sequence: $sequence, time: $time) {
      serviceSummaries(filter: $filter, orderBy: { field: SEVERITY }, first: $first) {
        services { ...SummaryFields }
        totalCount
      }
    }
  }
`,
  [SummaryFields],
);

/** How many groups a filter takes, and how many of them nobody owns. */
export const GroupCount = graphql(`
  subscription GroupCount($filter: LeaderFilter) {
    leaderChanges(filter: $filter, first: 1) {
      __typename
      ... on LeaderSnapshot { totalCount ownerless }
      ... on LeaderDelta { totalCount ownerless }
    }
  }
`);
