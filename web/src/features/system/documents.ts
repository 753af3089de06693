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
      name messages bytes lastAt replicas replicasCurrent jetStreamLeader consumers maxBytes maxAgeSeconds
    }
  }
`);

export const StreamConsumers = graphql(`
  query StreamConsumers($stream: String!) {
    consumers(stream: $stream) {
      name durable pending ackPending redelivered waiting deliveredAt jetStreamLeader
    }
  }
`);

export const Rebuild = graphql(`
  mutation Rebuild { rebuildProjection }
`);

export type Facts = ResultOf<typeof SystemFacts>["system"];
