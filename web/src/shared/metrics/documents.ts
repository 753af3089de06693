import { graphql, type ResultOf } from "@/gql";

export const MetricsOverTime = graphql(`
  query MetricsOverTime($service: String!, $instance: String, $from: DateTime!, $to: DateTime!, $points: Int!) {
    metrics(service: $service, instance: $instance, from: $from, to: $to, points: $points) {
      resolutionSeconds
      points {
        at calls errors callsPerSecond errorPercent p50Ms p90Ms p99Ms
        inFlight inFlightMax queueDepth queueDepthMax cpuPercent cpuPercentMax memoryBytes
        events { consumed failed } commands { consumed failed } lag lagMax
      }
    }
  }
`);

export const CallsOverTime = graphql(`
  query CallsOverTime($service: String!, $instance: String, $from: DateTime!, $to: DateTime!, $points: Int!) {
    metrics(service: $service, instance: $instance, from: $from, to: $to, points: $points) {
      resolutionSeconds
      points { at callsPerSecond }
    }
  }
`);

/** The calls of many instances, in few points. */
export const Sparklines = graphql(`
  query Sparklines($ids: [String!]!, $from: DateTime!, $to: DateTime!, $points: Int!) {
    sparklines(ids: $ids, from: $from, to: $to, points: $points) {
      id
      resolutionSeconds
      points { at callsPerSecond }
    }
  }
`);

export type Series = ResultOf<typeof MetricsOverTime>["metrics"];
export type Point = Series["points"][number];
