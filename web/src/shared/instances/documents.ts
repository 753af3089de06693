import { graphql, type ResultOf } from "@/gql";

export const InstanceFields = graphql(`
  fragment InstanceFields on Instance @_unmask {
    id
    service
    instance
    version
    status
    reason
    statusSince
    registeredAt
    groups { group term since }
    labels
    defined
    flapping
    conflict
    clockOffsetSeconds
    legacy
    lastBeatAt
    metrics { uptimeSeconds inFlight queueDepth calls errors callsPerSecond p50Ms p99Ms cpuPercent memoryBytes }
    asOfSequence
  }
`);

/** One page of a list that the server filters and orders. */
export const InstanceWindow = graphql(
  `
  subscription InstanceWindow($filter: InstanceFilter, $orderBy: InstanceOrder, $first: Int!, $offset: Int!) {
    instanceChanges(filter: $filter, orderBy: $orderBy, first: $first, offset: $offset) {
      __typename
      ... on InstanceSnapshot {
        instances { ...InstanceFields }
        totalCount
        counts { status count }
        asOfSequence
      }
      ... on InstanceDelta {
        changed { ...InstanceFields }
        removed
        order
        totalCount
        counts { status count }
        asOfSequence
      }
    }
  }
`,
  [InstanceFields],
);

export type Instance = ResultOf<typeof InstanceFields>;
export type InstanceUpdate = ResultOf<typeof InstanceWindow>["instanceChanges"];
