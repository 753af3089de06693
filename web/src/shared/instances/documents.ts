import { graphql, type ResultOf } from "@/gql";

/** What a row of a list shows. */
export const RowFields = graphql(`
  fragment RowFields on Instance @_unmask {
    id
    service
    instance
    version
    status
    reason
    statusSince
    groups { group term }
    defined
    flapping
    conflict
    clockOffsetSeconds
    legacy
    lastBeatAt
    minute { callsPerSecond errorPercent p99Ms }
    metrics { queueDepth cpuPercent memoryBytes }
  }
`);

/** All that a page of one instance shows. */
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
    minute { seconds calls errors callsPerSecond errorPercent p50Ms p90Ms p99Ms }
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
        instances { ...RowFields }
        totalCount
        counts { status count }
        asOfSequence
      }
      ... on InstanceDelta {
        changed { ...RowFields }
        removed
        order
        totalCount
        newCounts: counts { status count }
        asOfSequence
      }
    }
  }
`,
  [RowFields],
);

/** Those of a service whose names contain a text, the one meant among them. */
export const NamedInstances = graphql(
  `
  subscription NamedInstances($service: String!, $text: String!) {
    instanceChanges(filter: { service: $service, text: $text }, orderBy: { field: NAME }, first: 20) {
      __typename
      ... on InstanceSnapshot { instances { ...InstanceFields } }
      ... on InstanceDelta { changed { ...InstanceFields } removed }
    }
  }
`,
  [InstanceFields],
);

export type InstanceRowOf = ResultOf<typeof RowFields>;
export type Instance = ResultOf<typeof InstanceFields>;
export type InstanceUpdate = ResultOf<typeof InstanceWindow>["instanceChanges"];
export type NamedUpdate = ResultOf<typeof NamedInstances>["instanceChanges"];

/** As many rows as one subscription may ask for by its cost. */
export const WINDOW = 50;
