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

export const Rebuild = graphql(`
  mutation Rebuild { rebuildProjection }
`);

export type Facts = ResultOf<typeof SystemFacts>["system"];
