import { graphql, type ResultOf } from "@/gql";

/** Those that were heard last, and how many there are in each state: a sign of life that the server pushes. */
export const Pulse = graphql(`
  subscription Pulse {
    instanceChanges(orderBy: { field: LAST_BEAT_AT, descending: true }, first: 3) {
      __typename
      ... on InstanceSnapshot {
        instances { id lastBeatAt }
        totalCount
        counts { status count }
        asOfSequence
      }
      ... on InstanceDelta {
        changed { id lastBeatAt }
        totalCount
        newCounts: counts { status count }
        asOfSequence
      }
    }
  }
`);

export type PulseUpdate = ResultOf<typeof Pulse>["instanceChanges"];
