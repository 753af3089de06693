import { graphql } from "@/gql";
import { InstanceFields, RowFields } from "@/shared/instances/documents";

/** How the events of a while are spread over it. */
export const Density = graphql(`
  query Density($filter: EventFilter!, $points: Int!) {
    eventDensity(filter: $filter, points: $points) {
      partSeconds
      buckets { at count types { type count } }
    }
  }
`);

/** The oldest event that is kept. */
export const OldestEvent = graphql(`
  query OldestEvent {
    events(first: 1) { nodes { sequence recordedAt } }
  }
`);

/** The registry in few words, to be compared with that of another moment. */
export const RegistryAt = graphql(`
  query RegistryAt($sequence: Long, $time: DateTime) {
    asOf(sequence: $sequence, time: $time) {
      asOfSequence
      instances(first: 1000, orderBy: { field: NAME }) { nodes { id status version } totalCount }
      leaders(first: 1000, orderBy: { field: NAME }) { nodes { id instance term } totalCount }
      definitions(first: 500, filter: { includeRetired: true }) {
        nodes { service revision status }
        totalCount
      }
      maintenances { service group until }
      switchovers { service group to at begunAt }
    }
  }
`);

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
        nodes { ...RowFields }
        totalCount
      }
    }
  }
`,
  [RowFields],
);

export const InstanceAsOf = graphql(
  `
  query InstanceAsOf($sequence: Long, $time: DateTime, $service: String!, $text: String!) {
    asOf(sequence: $sequence, time: $time) {
      instances(first: 20, filter: { service: $service, text: $text }, orderBy: { field: NAME }) {
        nodes { ...InstanceFields }
      }
    }
  }
`,
  [InstanceFields],
);
