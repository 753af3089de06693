import { graphql, type ResultOf } from "@/gql";

export const LetterList = graphql(`
  query LetterList($after: String, $kind: String) {
    deadLetters(first: 200, after: $after, kind: $kind) {
      nodes { sequence subject kind reason originalSubject originalStream originalSequence at size }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
  }
`);

/** How many letters there are of each cause, also of those that are not read yet. */
export const LetterCauses = graphql(`
  query LetterCauses {
    deadLetterGroups {
      groups { kind reason originalStream count oldestAt newestAt }
      complete
    }
  }
`);

export const OneLetter = graphql(`
  query OneLetter($sequence: Long!, $at: DateTime) {
    deadLetter(sequence: $sequence, at: $at) {
      sequence
      subject
      kind
      reason
      originalSubject
      originalStream
      originalSequence
      at
      size
      headers { name value }
      text
      base64
      truncated
    }
  }
`);

/** What was decided on letters, as the log has it. */
export const DecidedLetters = graphql(`
  query DecidedLetters($types: [String!]) {
    events(last: 50, filter: { types: $types }) {
      nodes { sequence type time actor data }
    }
  }
`);

export const RedriveLetter = graphql(`
  mutation RedriveLetter($input: DeadLetterInput!) {
    redriveDeadLetter(input: $input) {
      __typename
      ... on DeadLetterDone { subject sequence }
      ... on Rejected { code message }
    }
  }
`);

export const DiscardLetter = graphql(`
  mutation DiscardLetter($input: DeadLetterInput!) {
    discardDeadLetter(input: $input) {
      __typename
      ... on DeadLetterDone { subject sequence }
      ... on Rejected { code message }
    }
  }
`);

export type Letter = ResultOf<typeof LetterList>["deadLetters"]["nodes"][number];
export type ToldGroup = ResultOf<typeof LetterCauses>["deadLetterGroups"]["groups"][number];
export type WholeLetter = NonNullable<ResultOf<typeof OneLetter>["deadLetter"]>;
