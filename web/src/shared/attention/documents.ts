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

/** Whether a service has what it needs: how many run, how many there are, and the worst of them. */
export const ServiceNeed = graphql(`
  query ServiceNeed($name: String!) {
    definition(service: $name) { status minInstances }
    all: instances(first: 1, filter: { service: $name }) {
      nodes { status }
      totalCount
    }
    running: instances(first: 1, filter: { service: $name, statuses: [RUNNING] }) { totalCount }
  }
`);

export type GroupOf = ResultOf<typeof OwnerlessGroups>["leaders"]["nodes"][number];
