import { graphql } from "@/gql";

/** What the replica does again and again: the webhook is among it, where one is configured. */
export const TasksOfReplica = graphql(`
  query TasksOfReplica {
    system { tasks { name status lastError } }
  }
`);
