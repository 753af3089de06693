import { graphql, type ResultOf } from "@/gql";

const GroupFields = graphql(`
  fragment GroupFields on Leader @_unmask { id service group term instance since reason vacancyMs }
`);

/** One page of the list of groups, as the server filters and orders it. */
export const GroupWindow = graphql(
  `
  subscription GroupWindow($filter: LeaderFilter, $first: Int!, $offset: Int!) {
    leaderChanges(filter: $filter, first: $first, offset: $offset) {
      __typename
      ... on LeaderSnapshot { leaders { ...GroupFields } totalCount ownerless }
      ... on LeaderDelta { changed { ...GroupFields } removed order totalCount ownerless }
    }
  }
`,
  [GroupFields],
);

export const GroupsAsOf = graphql(
  `
  query GroupsAsOf($sequence: Long, $time: DateTime, $filter: LeaderFilter) {
    asOf(sequence: $sequence, time: $time) {
      leaders(first: 500, filter: $filter) {
        nodes { ...GroupFields }
        totalCount
      }
    }
  }
`,
  [GroupFields],
);

/** A page of the list of groups, to read all of it. */
export const GroupPageOf = graphql(
  `
  query GroupPageOf($filter: LeaderFilter, $after: String) {
    leaders(first: 500, after: $after, filter: $filter) {
      nodes { ...GroupFields }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [GroupFields],
);

/** How all groups fared within 24 hours. */
export const Summary = graphql(`
  query LeadershipSummary($service: String, $group: String) {
    leadershipSummary(service: $service, group: $group) {
      changes lost planned
      recoveryP50Ms recoveryP99Ms recoveryMaxMs
      handoverP50Ms handoverP99Ms handoverMaxMs
      from
    }
  }
`);

/** The newest terms of a group, or those before an event, oldest first. */
export const TermsOf = graphql(`
  query TermsOf($service: String!, $group: String!, $before: Long) {
    terms(service: $service, group: $group, last: 200, before: $before) {
      nodes { term owner from to ending gapMs cause by reason electedSequence endedSequence }
      more
    }
  }
`);

/** Who could take a group over. */
export const StepDownPreview = graphql(`
  query StepDownPreview($service: String!, $group: String!) {
    stepDownPreview(service: $service, group: $group) {
      term
      candidates { instance groups inFlight }
    }
  }
`);

/** Changes of owners, oldest first. */
export const LeadershipEvents = graphql(`
  query LeadershipEvents($aggregate: String, $from: DateTime, $to: DateTime, $before: String) {
    events(last: 500, before: $before, filter: { kinds: [LEADERSHIP], aggregate: $aggregate, from: $from, to: $to }) {
      nodes { sequence type aggregate service time actor summary data }
      pageInfo { hasPreviousPage startCursor }
    }
  }
`);

/** What the timeline says beside the owners: the state of each member. */
export const Members = graphql(`
  query Members($service: String!) {
    instances(first: 100, filter: { service: $service }, orderBy: { field: NAME }) {
      nodes { instance status registeredAt lastBeatAt standsFor }
    }
  }
`);

/** The states of a member in a range of time. */
export const MemberStates = graphql(`
  query MemberStates($service: String!, $instance: String!, $from: DateTime!, $to: DateTime!) {
    lifeline(service: $service, instance: $instance, from: $from, to: $to) {
      stretches { status from to }
    }
  }
`);

/** How the leases of owners are doing. */
export const LeasesOf = graphql(`
  query LeasesOf($ids: [String!]!) {
    leases(ids: $ids) { id ms lowestPercent natsServer }
  }
`);

export type Lease = ResultOf<typeof LeasesOf>["leases"][number];
export type Group = ResultOf<typeof GroupFields>;
export type LeadershipEvent = ResultOf<typeof LeadershipEvents>["events"]["nodes"][number];
export type Member = ResultOf<typeof Members>["instances"]["nodes"][number];
export type GroupUpdate = ResultOf<typeof GroupWindow>["leaderChanges"];
export type SummaryOf = ResultOf<typeof Summary>["leadershipSummary"];
export type TermNode = ResultOf<typeof TermsOf>["terms"]["nodes"][number];
