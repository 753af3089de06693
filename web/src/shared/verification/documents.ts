import { graphql, type ResultOf } from "@/gql";

export const LastVerification = graphql(`
  query LastVerification {
    verification {
      status by begunAt endedAt position events aggregates digest findingCount message
      findings { code detail repairable }
    }
  }
`);

export const VerifyLog = graphql(`
  mutation VerifyLog { verifyLog { status } }
`);

export type Verification = NonNullable<ResultOf<typeof LastVerification>["verification"]>;
