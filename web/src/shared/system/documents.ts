import { graphql, type ResultOf } from "@/gql";

/** How the replica is doing, each second; silence means that nothing is known. */
export const SystemChanges = graphql(`
  subscription SystemChanges {
    systemChanges {
      version namespace time asOfSequence headSequence projectionLag natsConnected deadLetters
      heartbeatsVisible newestBeatAt
      selfPreservation { since silent alive }
      problems { part code message since }
      maintenances { service group until reason by since sequence }
      switchovers { service group to at reason by since sequence begunAt }
    }
  }
`);

export type System = ResultOf<typeof SystemChanges>["systemChanges"];
