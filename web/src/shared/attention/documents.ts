import { graphql, type ResultOf } from "@/gql";

/** Groups without owner come first; how many there are is counted up to the length of the page. */
export const OwnerlessGroups = graphql(`
  query OwnerlessGroups {
    leaders(first: 100) {
      nodes { id service group term instance since reason }
      totalCount
    }
  }
`);

/** Whether a service has what it needs. */
export const ServiceNeed = graphql(`
  query ServiceNeed($name: String!) {
    service(name: $name) {
      name
      definition { status minInstances }
      instances { status }
    }
  }
`);

export type GroupOf = ResultOf<typeof OwnerlessGroups>["leaders"]["nodes"][number];
export type Need = NonNullable<ResultOf<typeof ServiceNeed>["service"]>;
