import { graphql, type ResultOf } from "@/gql";

/** Who would take each group over, in the order of their claims. */
export const MembersOfGroups = graphql(`
  query MembersOfGroups($ids: [String!]!) {
    groupMembers(ids: $ids) {
      id
      declared
      memberCount
      members { instance status owner }
    }
  }
`);

export type GroupMembers = ResultOf<typeof MembersOfGroups>["groupMembers"][number];
