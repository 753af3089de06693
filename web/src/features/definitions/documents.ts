import { graphql, type ResultOf } from "@/gql";

const DefinitionFields = graphql(`
  fragment DefinitionFields on Definition @_unmask {
    service
    owner
    description
    version
    status
    minInstances
    maxInstances
    p99LimitMs
    errorLimitPercent
    failover { policy leaseMs }
    registration
    labels
    revision
    updatedAt
    updatedBy
    asOfSequence
  }
`);

export const DefinitionList = graphql(
  `
  query DefinitionList($after: String) {
    definitions(first: 200, after: $after, filter: { includeRetired: true }) {
      nodes { ...DefinitionFields }
      pageInfo { hasNextPage endCursor }
      totalCount
      asOfSequence
    }
  }
`,
  [DefinitionFields],
);

export const OneDefinition = graphql(
  `
  query OneDefinition($service: String!) {
    definition(service: $service) { ...DefinitionFields }
  }
`,
  [DefinitionFields],
);

export const DefinitionHistory = graphql(
  `
  query DefinitionHistory($service: String!) {
    definition(service: $service) {
      ...DefinitionFields
      history(first: 100) {
        nodes {
          revision
          sequence
          at
          by
          action
          reason
          changes { field before after }
        }
        totalCount
      }
    }
  }
`,
  [DefinitionFields],
);

/** What runs of a service and how it does, against which a definition is judged. */
export const RunningOf = graphql(`
  query RunningOf($service: String!) {
    service(name: $service) {
      instances { instance status version }
    }
    serviceSummaries(filter: { text: $service }, orderBy: { field: NAME }) {
      services { name minute { p99Ms errorPercent } }
    }
  }
`);

export const Define = graphql(`
  mutation Define($input: DefineInput!) {
    define(input: $input) {
      __typename
      ... on DefinitionChanged { revision sequence }
      ... on Rejected { code message field currentRevision }
    }
  }
`);

export const Amend = graphql(`
  mutation Amend($input: AmendInput!) {
    amend(input: $input) {
      __typename
      ... on DefinitionChanged { revision sequence }
      ... on Rejected { code message field currentRevision }
    }
  }
`);

export const Retire = graphql(`
  mutation Retire($input: RetireInput!) {
    retire(input: $input) {
      __typename
      ... on DefinitionChanged { revision sequence }
      ... on Rejected { code message field currentRevision }
    }
  }
`);

export const Reinstate = graphql(`
  mutation Reinstate($input: ReinstateInput!) {
    reinstate(input: $input) {
      __typename
      ... on DefinitionChanged { revision sequence }
      ... on Rejected { code message field currentRevision }
    }
  }
`);

export type Definition = ResultOf<typeof DefinitionFields>;
type WithHistory = NonNullable<ResultOf<typeof DefinitionHistory>["definition"]>;
export type Revision = WithHistory["history"]["nodes"][number];
export type Running = NonNullable<ResultOf<typeof RunningOf>["service"]>["instances"][number];

/** What runs of every service, and what changes of it. */
export const ServicesLive = graphql(`
  subscription ServicesLive($first: Int!, $offset: Int!) {
    serviceChanges(orderBy: { field: NAME }, first: $first, offset: $offset) {
      __typename
      ... on ServiceSnapshot {
        totalCount
        services { name instances versions { version count } }
      }
      ... on ServiceDelta {
        totalCount
        changed { name instances versions { version count } }
        removed
      }
    }
  }
`);

/** The definitions as they stood, and what ran then. */
export const DefinitionsAsOf = graphql(
  `
  query DefinitionsAsOf($sequence: Long, $time: DateTime) {
    asOf(sequence: $sequence, time: $time) {
      definitions(first: 500, filter: { includeRetired: true }) {
        nodes { ...DefinitionFields }
        totalCount
      }
      services(first: 500) {
        nodes { name instances { status version } }
      }
    }
  }
`,
  [DefinitionFields],
);

export type ServicesUpdate = ResultOf<typeof ServicesLive>["serviceChanges"];
