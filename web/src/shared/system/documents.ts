import { graphql, type ResultOf } from "@/gql";

export const SystemQuery = graphql(`
  query System {
    system {
      version namespace time asOfSequence headSequence projectionLag natsConnected deadLetters
      heartbeatsVisible
      selfPreservation { since silent alive }
      problems { part code message since }
    }
  }
`);

export type System = ResultOf<typeof SystemQuery>["system"];
