import { graphql, type ResultOf } from "@/gql";

export const InstanceRecord = graphql(`
  query InstanceRecord($service: String!, $instance: String!) {
    instance(service: $service, instance: $instance) {
      id service instance version status reason statusSince registeredAt
      groups { group term since }
      labels defined flapping conflict clockOffsetSeconds legacy capabilities dependencies lastBeatAt
      metrics {
        uptimeSeconds inFlight queueDepth calls errors callsPerSecond p50Ms p99Ms cpuPercent memoryBytes
        events { published consumed failed retried deadLettered }
        commands { published consumed failed retried deadLettered }
        lag { consumer pending }
        own { name value }
      }
      asOfSequence
    }
  }
`);

export const OwnMetricsOf = graphql(`
  query OwnMetricsOf($service: String!, $instance: String!) {
    instance(service: $service, instance: $instance) {
      metrics { own { name value } }
    }
  }
`);

export const ConfigurationOf = graphql(`
  query ConfigurationOf($service: String!, $instance: String!) {
    configuration(service: $service, instance: $instance)
    configurationSources(service: $service, instance: $instance) { field source }
  }
`);

export const PeersOf = graphql(`
  query PeersOf($service: String!) {
    instances(first: 50, filter: { service: $service }, orderBy: { field: NAME }) {
      nodes { instance status }
    }
  }
`);

/** The states of an instance in a range of time. */
export const LifelineOf = graphql(`
  query LifelineOf($service: String!, $instance: String!, $from: DateTime, $to: DateTime) {
    lifeline(service: $service, instance: $instance, from: $from, to: $to) {
      stretches { status reason from to sequence }
      upPercent
      recoveries
      starts
    }
  }
`);

/** What is recorded of one instance, newest last. */
export const InstanceEvents = graphql(`
  query InstanceEvents($aggregate: String!, $types: [String!], $from: DateTime) {
    events(last: 500, filter: { aggregate: $aggregate, types: $types, from: $from }) {
      nodes { sequence type time actor data }
      pageInfo { hasPreviousPage }
    }
  }
`);

export type RecordedEvent = ResultOf<typeof InstanceEvents>["events"]["nodes"][number];
export type InstanceNow = NonNullable<ResultOf<typeof InstanceRecord>["instance"]>;
export type Stretch = ResultOf<typeof LifelineOf>["lifeline"]["stretches"][number];
