import { graphql } from "@/gql";

export const BeginMaintenance = graphql(`
  mutation BeginMaintenance($input: BeginMaintenanceInput!) {
    beginMaintenance(input: $input) {
      __typename
      ... on PlanRecorded { sequence }
      ... on Rejected { code message }
    }
  }
`);

export const EndMaintenance = graphql(`
  mutation EndMaintenance($input: EndMaintenanceInput!) {
    endMaintenance(input: $input) {
      __typename
      ... on PlanRecorded { sequence }
      ... on Rejected { code message }
    }
  }
`);

export const ScheduleSwitchover = graphql(`
  mutation ScheduleSwitchover($input: ScheduleSwitchoverInput!) {
    scheduleSwitchover(input: $input) {
      __typename
      ... on PlanRecorded { sequence }
      ... on Rejected { code message }
    }
  }
`);

export const CancelSwitchover = graphql(`
  mutation CancelSwitchover($input: CancelSwitchoverInput!) {
    cancelSwitchover(input: $input) {
      __typename
      ... on PlanRecorded { sequence }
      ... on Rejected { code message }
    }
  }
`);
