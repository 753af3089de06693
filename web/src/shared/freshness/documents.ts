import { graphql, type ResultOf } from "@/gql";

/** How many instances there are in each state, of the whole fleet. */
export const Pulse = graphql(`
  subscription Pulse {
    instanceChanges(first: 1) {
      __typename
      ... on InstanceSnapshot {
        totalCount
        counts { status count }
        asOfSequence
      }
      ... on InstanceDelta {
        totalCount
        newCounts: counts { status count }
        asOfSequence
      }
    }
  }
`);

export type PulseUpdate = ResultOf<typeof Pulse>["instanceChanges"];
