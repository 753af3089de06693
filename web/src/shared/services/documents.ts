import { graphql, type ResultOf } from "@/gql";

export const SummaryFields = graphql(`
  fragment SummaryFields on ServiceSummary @_unmask {
    name
    definition { version minInstances registration }
    counts { status count }
    instances
    worst
    since
    reason
    instance
    flapping
    belowMinimum
    versionDrift
    groups
    ownerless
    versions { version }
    minute { callsPerSecond errorPercent p99Ms }
  }
`);

/** One page of the list of services, as the server filters and orders it. */
export const ServiceWindow = graphql(
  `
  subscription ServiceWindow($filter: ServiceFilter, $first: Int!, $offset: Int!) {
    serviceChanges(filter: $filter, first: $first, offset: $offset) {
      __typename
      ... on ServiceSnapshot { services { ...SummaryFields } totalCount asOfSequence }
      ... on ServiceDelta { changed { ...SummaryFields } removed order totalCount asOfSequence }
    }
  }
`,
  [SummaryFields],
);

/** How many services there are that a filter takes. */
export const ServiceCount = graphql(`
  subscription ServiceCount($filter: ServiceFilter) {
    serviceChanges(filter: $filter, first: 1) {
      __typename
      ... on ServiceSnapshot { totalCount }
      ... on ServiceDelta { totalCount }
    }
  }
`);

export type Summary = ResultOf<typeof SummaryFields>;
export type ServiceUpdate = ResultOf<typeof ServiceWindow>["serviceChanges"];

/** As many services as one subscription may ask for by its cost. */
export const SERVICES = 40;
