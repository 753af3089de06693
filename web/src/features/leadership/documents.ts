import { graphql, type ResultOf } from "@/gql";

export const Groups = graphql(`
  query Groups($after: String, $filter: LeaderFilter) {
    leaders(first: 500, after: $after, filter: $filter) {
      nodes { id service group term instance since reason vacancyMs }
      pageInfo { hasNextPage endCursor }
      totalCount
      asOfSequence
    }
  }
`);

export const GroupsAsOf = graphql(`
  query GroupsAsOf($sequence: Long, $time: DateTime, $filter: LeaderFilter) {
    asOf(sequence: $sequence, time: $time) {
      leaders(first: 500, filter: $filter) {
        nodes { id service group term instance since reason vacancyMs }
        totalCount
      }
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
      nodes { instance status registeredAt lastBeatAt groups { group } }
    }
    leaders(first: 500, filter: { service: $service }) {
      nodes { group term instance since }
    }
  }
`);

export type Group = ResultOf<typeof Groups>["leaders"]["nodes"][number];
export type LeadershipEvent = ResultOf<typeof LeadershipEvents>["events"]["nodes"][number];
export type Member = ResultOf<typeof Members>["instances"]["nodes"][number];
