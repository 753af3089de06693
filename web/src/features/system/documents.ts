import { graphql, type ResultOf } from "@/gql";

export const SystemFacts = graphql(`
  query SystemFacts {
    system {
      version
      namespace
      time
      history
      asOfSequence
      headSequence
      projectionLag
      rebuilding
      rebuildSequence
      logGaps
      natsConnected
      heartbeatsVisible
      newestBeatAt
      selfPreservation { since silent alive }
      deadLetters
      problems { part code message since }
    }
  }
`);

/** What waits for the consumers of every service. */
export const ConsumerLags = graphql(`
  query ConsumerLags {
    services(first: 200) {
      nodes { name lag { consumer pending } }
    }
  }
`);

/** The streams of JetStream, asked of its servers. */
export const Streams = graphql(`
  query Streams {
    streams {
      name messages bytes firstSequence firstAt lastAt bytesPerDay daysLeft
      replicas replicasCurrent jetStreamLeader consumers maxBytes maxAgeSeconds
    }
  }
`);

/** Where the durable subscriptions to one stream stand. */
export const Subscriptions = graphql(`
  query Subscriptions($stream: String!) {
    consumers(stream: $stream) { stream name durable deliveredSequence waiting }
  }
`);

export const StreamConsumers = graphql(`
  query StreamConsumers($stream: String!) {
    consumers(stream: $stream) {
      name durable hasReader pending ackPending redelivered deliveredAt jetStreamLeader
    }
  }
`);

/** Journals of users: aggregates of their own, beside the control plane's log. */
export const Journals = graphql(`
  query Journals {
    journals { name stream events bytes lastSequence firstAt lastAt aggregates }
  }
`);

export const JournalEvents = graphql(`
  query JournalEvents($journal: String!, $aggregate: String, $after: String, $first: Int!) {
    journalEvents(journal: $journal, aggregate: $aggregate, after: $after, first: $first) {
      lastSequence
      pageInfo { hasNextPage endCursor }
      nodes {
        sequence subject recordedAt unreadable type aggregate aggregateVersion actor size data
      }
    }
  }
`);

export const Rebuild = graphql(`
  mutation Rebuild { rebuildProjection }
`);

export type Subscription = ResultOf<typeof Subscriptions>["consumers"][number];
export type Stream = ResultOf<typeof Streams>["streams"][number];
export type Facts = ResultOf<typeof SystemFacts>["system"];
/** The replicas of the control plane, each asked how it is. */
export const Replicas = graphql(`
  query Replicas {
    replicas {
      id host version startedAt asOfSequence projectionLag rebuildSequence verifying natsServer heartbeatsVisible
      problems mine
    }
  }
`);

/** The store that decides who owns what. */
export const LeaseStoreNow = graphql(`
  query LeaseStoreNow {
    leaseStore {
      kind stream replicas replicasCurrent jetStreamLeader readMs
      nodes { natsServer instances groups lowestPercent }
    }
  }
`);

/** The instances that may hold leases. */
export const LeaseHolders = graphql(`
  query LeaseHolders($first: Int!) {
    instances(first: $first, orderBy: { field: NAME }) {
      nodes { id service instance status standsForCount groups { group } }
      totalCount
    }
  }
`);

export const LeasesOf = graphql(`
  query LeasesOf($ids: [String!]!) {
    leases(ids: $ids) { id ms lowestPercent natsServer }
  }
`);

export const StorageNow = graphql(`
  query StorageNow {
    storage { usedBytes limitBytes bytesPerDay daysLeft }
  }
`);

export type Replica = ResultOf<typeof Replicas>["replicas"][number];
export type LeaseStore = ResultOf<typeof LeaseStoreNow>["leaseStore"];
export type Storage = ResultOf<typeof StorageNow>["storage"];
export type Journal = ResultOf<typeof Journals>["journals"][number];
export type JournalEvent = ResultOf<typeof JournalEvents>["journalEvents"]["nodes"][number];
