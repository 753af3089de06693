import { graphql, type ResultOf } from "@/gql";

const AttentionFields = graphql(`
  fragment AttentionFields on ServiceSummary @_unmask {
    name
    definition { minInstances }
    counts { status count }
    worst
    since
    reason
    instance
    flapping
    belowMinimum
  }
`);

/** Services that need somebody, the worst first. */
export const ServicesInNeed = graphql(
  `
  subscription ServicesInNeed {
    serviceChanges(filter: { attention: true }, first: 40) {
      __typename
      ... on ServiceSnapshot { services { ...AttentionFields } totalCount }
      ... on ServiceDelta { changed { ...AttentionFields } removed totalCount }
    }
  }
`,
  [AttentionFields],
);

const PulseGroup = graphql(`
  fragment PulseGroup on Leader @_unmask { id service group term instance since }
`);

/** The first of all groups, those without owner before the others, and how many there are. */
export const GroupsPulse = graphql(
  `
  subscription GroupsPulse {
    leaderChanges(first: 20) {
      __typename
      ... on LeaderSnapshot { leaders { ...PulseGroup } totalCount ownerless }
      ... on LeaderDelta { changed { ...PulseGroup } removed totalCount ownerless }
    }
  }
`,
  [PulseGroup],
);

export type GroupOf = ResultOf<typeof PulseGroup>;
export type InNeed = ResultOf<typeof AttentionFields>;
