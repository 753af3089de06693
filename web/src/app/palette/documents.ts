import { graphql } from "@/gql";

export const PaletteSearch = graphql(`
  query PaletteSearch($text: String!) {
    instances(first: 12, filter: { text: $text }, orderBy: { field: NAME }) {
      nodes { id service instance status groups { group } }
    }
    leaders(first: 8, filter: { text: $text }, orderBy: { field: NAME }) {
      nodes { id service group instance }
    }
  }
`);
