import { graphql, type ResultOf, type VariablesOf } from "@/gql";

export const EventFields = graphql(`
  fragment EventFields on Event @_unmask {
    id
    sequence
    type
    kind
    aggregate
    service
    aggregateVersion
    time
    recordedAt
    actor
    correlationId
    causationId
    summary
    data
  }
`);

export const EventTail = graphql(
  `
  subscription EventTail($afterSequence: Long, $afterId: String, $snapshot: Int) {
    events(afterSequence: $afterSequence, afterId: $afterId, snapshot: $snapshot) {
      __typename
      ... on EventSnapshot { events { ...EventFields } asOfSequence }
      ... on EventBatch { events { ...EventFields } asOfSequence }
    }
  }
`,
  [EventFields],
);

export const EventHistory = graphql(
  `
  query EventHistory($last: Int!, $before: String, $filter: EventFilter) {
    events(last: $last, before: $before, filter: $filter) {
      nodes { ...EventFields }
      pageInfo { hasPreviousPage startCursor }
      asOfSequence
    }
  }
`,
  [EventFields],
);

/** The events that follow one. */
export const EventsAfter = graphql(
  `
  query EventsAfter($first: Int!, $after: String, $filter: EventFilter) {
    events(first: $first, after: $after, filter: $filter) {
      nodes { ...EventFields }
      pageInfo { hasNextPage endCursor }
      asOfSequence
    }
  }
`,
  [EventFields],
);

export type Event = ResultOf<typeof EventFields>;
export type AggregateKind = Event["kind"];
/** Which events are asked for. */
export type EventFilter = NonNullable<VariablesOf<typeof EventHistory>["filter"]>;
