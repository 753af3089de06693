import { graphql, type ResultOf } from "@/gql";
import { EventFields } from "@/shared/events/documents";

export const OneEvent = graphql(
  `
  query OneEvent($sequence: Long!) {
    event(sequence: $sequence) { ...EventFields }
  }
`,
  [EventFields],
);

/** An event that another one names as its cause. */
export const EventById = graphql(
  `
  query EventById($id: String!) {
    event(id: $id) { ...EventFields }
  }
`,
  [EventFields],
);

/** What the event has changed of what it is about. */
export const ChangeOf = graphql(`
  query ChangeOf($sequence: Long!) {
    eventChange(sequence: $sequence) { before after }
  }
`);

export const Density = graphql(`
  query Density($filter: EventFilter!, $points: Int!) {
    eventDensity(filter: $filter, points: $points) {
      partSeconds
      buckets { at count types { type count } }
    }
  }
`);

export type Buckets = ResultOf<typeof Density>["eventDensity"]["buckets"];
