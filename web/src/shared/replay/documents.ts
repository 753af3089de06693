import { graphql } from "@/gql";
import { InstanceFields } from "@/shared/instances/documents";

/** Which event a moment comes after. */
export const MomentOf = graphql(`
  query MomentOf($sequence: Long, $time: DateTime) {
    asOf(sequence: $sequence, time: $time) {
      asOfSequence
      missing { first last }
    }
  }
`);

export const InstancesAsOf = graphql(
  `
  query InstancesAsOf($sequence: Long, $time: DateTime, $filter: InstanceFilter, $orderBy: InstanceOrder, $first: Int!) {
    asOf(sequence: $sequence, time: $time) {
      asOfSequence
      instances(first: $first, filter: $filter, orderBy: $orderBy) {
        nodes { ...InstanceFields }
        totalCount
      }
    }
  }
`,
  [InstanceFields],
);
