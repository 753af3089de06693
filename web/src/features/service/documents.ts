import { graphql, type ResultOf } from "@/gql";

const ServiceFields = graphql(`
  fragment ServiceFields on Service @_unmask {
    name
    definition {
      owner description version status minInstances maxInstances
      failover { policy leaseMs }
      registration labels revision createdAt updatedAt updatedBy
    }
    versions
    lag { consumer pending }
  }
`);

const LeaderFields = graphql(`
  fragment LeaderFields on Leader @_unmask { id group term instance since reason vacancyMs }
`);

/** The service itself; its instances are followed as a window of the list, and its groups are those that matter first. */
export const ServicePage = graphql(
  `
  query ServicePage($name: String!) {
    service(name: $name) { ...ServiceFields }
    leaders(first: 200, filter: { service: $name }) {
      nodes { ...LeaderFields }
      totalCount
    }
  }
`,
  [ServiceFields, LeaderFields],
);

export const ServicePageAsOf = graphql(
  `
  query ServicePageAsOf($sequence: Long, $time: DateTime, $name: String!) {
    asOf(sequence: $sequence, time: $time) {
      services(first: 500) { nodes { ...ServiceFields } }
      leaders(first: 200, filter: { service: $name }) {
        nodes { ...LeaderFields }
        totalCount
      }
    }
  }
`,
  [ServiceFields, LeaderFields],
);

/** What some of its instances say of calls: they are of one version, or of a few. */
export const ServiceCalls = graphql(`
  query ServiceCalls($service: String!) {
    instances(first: 50, filter: { service: $service }) {
      nodes { dependencies capabilities }
    }
  }
`);

export type ServiceOf = ResultOf<typeof ServiceFields>;
export type DefinitionOf = NonNullable<ServiceOf["definition"]>;
export type LeaderOf = ResultOf<typeof LeaderFields>;
export type CallsOf = ResultOf<typeof ServiceCalls>["instances"]["nodes"][number];
