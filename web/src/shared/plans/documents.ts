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

/** What was planned at a moment of the log. */
export const PlansAsOf = graphql(`
  query PlansAsOf($sequence: Long, $time: DateTime) {
    asOf(sequence: $sequence, time: $time) {
      maintenances { service group until reason by since sequence }
      switchovers { service group to at reason by since sequence begunAt }
    }
  }
`);
