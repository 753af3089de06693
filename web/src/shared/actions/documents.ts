import { graphql } from "@/gql";

export const Drain = graphql(`
  mutation Drain($input: DrainInput!) {
    drain(input: $input) {
      __typename
      ... on Rejected { code message }
    }
  }
`);

export const ForgetInstance = graphql(`
  mutation ForgetInstance($input: ForgetInput!) {
    forgetInstance(input: $input) {
      __typename
      ... on Rejected { code message }
    }
  }
`);

export const StepDown = graphql(`
  mutation StepDown($input: StepDownInput!) {
    stepDown(input: $input) {
      __typename
      ... on HandedOver { instance term }
      ... on Rejected { code message }
    }
  }
`);
