import { graphql, type ResultOf } from "@/gql";

const RollupFields = graphql(`
  fragment RollupFields on Service @_unmask {
    name
    definition { status minInstances maxInstances registration version }
    versions
    p99Ms
    callsPerSecond
    errorPercent
    instances { status }
    leaders { instance }
  }
`);

/** Services as they stood: of the past there are no summaries. */
export const ServiceRollupsAsOf = graphql(
  `
  query ServiceRollupsAsOf($sequence: Long, $time: DateTime) {
    asOf(sequence: $sequence, time: $time) {
      services(first: 500) {
        nodes { ...RollupFields }
        totalCount
      }
    }
  }
`,
  [RollupFields],
);

export type ServiceNode = ResultOf<typeof RollupFields>;
