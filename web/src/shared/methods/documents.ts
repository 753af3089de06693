import { graphql, type ResultOf } from "@/gql";

/** What is done with each method, event and command: by one instance, or by all of a service. */
export const MethodsOf = graphql(`
  query MethodsOf($service: String!, $instance: String) {
    methods(service: $service, instance: $instance) {
      role name instances
      minute { calls errors callsPerSecond errorPercent p50Ms p99Ms }
      inFlight
      worstInstance
      codes { code count }
      trace { at calls errors }
    }
  }
`);

export type Method = ResultOf<typeof MethodsOf>["methods"][number];
