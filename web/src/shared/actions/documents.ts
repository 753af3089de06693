import { graphql } from "@/gql";

/** What draining would move, and what it would wait for. */
export const DrainPreview = graphql(`
  query DrainPreview($service: String!, $instance: String!) {
    drainPreview(service: $service, instance: $instance) {
      groupCount
      groups { group candidates { instance } }
      inFlight
      queueDepth
      others
      minInstances
    }
  }
`);

export const Drain = graphql(`
  mutation Drain($input: DrainInput!) {
    drain(input: $input) {
      __typename
      ... on DrainAsked { sequence }
      ... on Rejected { code message }
    }
  }
`);

export const SetLog = graphql(`
  mutation SetLog($input: SetLogInput!) {
    setLog(input: $input) {
      __typename
      ... on LogSet { filter }
      ... on Rejected { code message }
    }
  }
`);

export const ForgetInstance = graphql(`
  mutation ForgetInstance($input: ForgetInput!) {
    forgetInstance(input: $input) {
      __typename
      ... on Forgotten { sequence }
      ... on Rejected { code message }
    }
  }
`);

export const StepDown = graphql(`
  mutation StepDown($input: StepDownInput!) {
    stepDown(input: $input) {
      __typename
      ... on HandedOver { instance term sequence }
      ... on Rejected { code message }
    }
  }
`);
