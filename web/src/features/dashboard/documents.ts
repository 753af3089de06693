import { graphql, type ResultOf } from "@/gql";

const InstanceFields = graphql(`
  fragment InstanceFields on Instance @_unmask {
    id
    service
    instance
    version
    status
    reason
    statusSince
    groups { group term since }
    defined
    flapping
    conflict
    clockOffsetSeconds
    legacy
    lastBeatAt
    metrics { inFlight queueDepth callsPerSecond p99Ms calls errors }
    asOfSequence
  }
`);

export const InstanceChanges = graphql(
  `
  subscription InstanceChanges {
    instanceChanges {
      __typename
      ... on InstanceSnapshot { instances { ...InstanceFields } asOfSequence }
      ... on InstanceDelta { changed { ...InstanceFields } removed asOfSequence }
    }
  }
`,
  [InstanceFields],
);

export const Leaders = graphql(`
  query Leaders($after: String) {
    leaders(first: 1000, after: $after) {
      nodes { id service group term instance since reason vacancyMs }
      pageInfo { hasNextPage endCursor }
      totalCount
      asOfSequence
    }
  }
`);

export const ForgetInstance = graphql(`
  mutation ForgetInstance($input: ForgetInput!) {
    forgetInstance(input: $input) {
      __typename
      ... on Rejected { code message }
    }
  }
`);

export type Instance = ResultOf<typeof InstanceFields>;
export type InstanceStatus = Instance["status"];
export type InstanceUpdate = ResultOf<typeof InstanceChanges>["instanceChanges"];
export type Leader = ResultOf<typeof Leaders>["leaders"]["nodes"][number];
