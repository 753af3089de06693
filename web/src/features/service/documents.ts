import { graphql, type ResultOf } from "@/gql";

const ServiceFields = graphql(`
  fragment ServiceFields on Service @_unmask {
    name
    definition {
      owner description version status minInstances maxInstances
      failover { policy leaseMs }
      registration p99LimitMs errorLimitPercent labels revision createdAt updatedAt updatedBy
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

const NearFields = graphql(`
  fragment NearFields on ServiceSummary @_unmask {
    name worst reason instance flapping belowMinimum ownerless dependsOn usedBy
    definition { minInstances }
    counts { status count }
    minute { callsPerSecond p99Ms errorPercent }
  }
`);

/** Services whose names contain a text, the one meant among the first: what they call, who calls them, and how they are. */
export const ServiceNear = graphql(
  `
  query ServiceNear($text: String!) {
    serviceSummaries(filter: { text: $text }, orderBy: { field: NAME }, first: 20) {
      services { ...NearFields }
    }
  }
`,
  [NearFields],
);

export const ServiceNearAsOf = graphql(
  `
  query ServiceNearAsOf($sequence: Long, $time: DateTime, $text: String!) {
    asOf(sequence: $sequence, time: $time) {
      serviceSummaries(filter: { text: $text }, orderBy: { field: NAME }, first: 20) {
        services { ...NearFields }
      }
    }
  }
`,
  [NearFields],
);

/** The instances with what they did in the last minute, for sums by version. */
export const InstancesByVersion = graphql(`
  query InstancesByVersion($service: String!) {
    instances(first: 300, filter: { service: $service }, orderBy: { field: NAME }) {
      nodes { id instance version status minute { calls errors callsPerSecond p99Ms } }
      totalCount
    }
  }
`);

/** What single instances did over time, in few points. */
export const LinesOf = graphql(`
  query LinesOf($ids: [String!]!, $from: DateTime!, $to: DateTime!, $points: Int!) {
    sparklines(ids: $ids, from: $from, to: $to, points: $points) {
      id
      resolutionSeconds
      points { at callsPerSecond errorPercent p99Ms }
    }
  }
`);

/** What some of its instances answer to: they are of one version, or of a few. */
export const ServiceCalls = graphql(`
  query ServiceCalls($service: String!) {
    instances(first: 50, filter: { service: $service }) {
      nodes { capabilities }
    }
  }
`);

/** Whether enough instances ran, over time. */
export const UptimeOf = graphql(`
  query UptimeOf($service: String!, $from: DateTime, $to: DateTime) {
    serviceLifeline(service: $service, from: $from, to: $to) {
      spans { supply fewest from to sequence }
      needed
      upPercent
      shortfalls
      from
    }
  }
`);

export type SupplySpan = ResultOf<typeof UptimeOf>["serviceLifeline"]["spans"][number];

/** A page of its instances, to read all of them. */
export const InstancesOfService = graphql(`
  query InstancesOfService($service: String!, $after: String) {
    instances(first: 500, after: $after, filter: { service: $service }, orderBy: { field: NAME }) {
      nodes { id instance status }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export type Named = ResultOf<typeof InstancesOfService>["instances"]["nodes"][number];
export type ServiceOf = ResultOf<typeof ServiceFields>;
export type DefinitionOf = NonNullable<ServiceOf["definition"]>;
export type LeaderOf = ResultOf<typeof LeaderFields>;
export type Near = ResultOf<typeof NearFields>;
export type Versioned = ResultOf<typeof InstancesByVersion>["instances"]["nodes"][number];
export type LineOf = ResultOf<typeof LinesOf>["sparklines"][number];
export type CallsOf = ResultOf<typeof ServiceCalls>["instances"]["nodes"][number];
