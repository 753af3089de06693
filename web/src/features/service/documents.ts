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
      callsPerSecond
      p99Ms
      errorPercent
      instances { instance status version statusSince reason dependencies capabilities }
      leaders { id group term instance since reason vacancyMs }
      lag { consumer pending }
  }
`);

export const ServicePage = graphql(
  `
  query ServicePage($name: String!) {
    service(name: $name) { ...ServiceFields }
  }
`,
  [ServiceFields],
);

export const ServicesAsOf = graphql(
  `
  query ServicesAsOf($sequence: Long, $time: DateTime) {
    asOf(sequence: $sequence, time: $time) {
      services(first: 200) { nodes { ...ServiceFields } }
    }
  }
`,
  [ServiceFields],
);

export type ServiceOf = ResultOf<typeof ServiceFields>;
export type DefinitionOf = NonNullable<ServiceOf["definition"]>;
export type LeaderOf = ServiceOf["leaders"][number];
