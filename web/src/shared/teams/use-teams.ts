import { useMemo } from "react";
import { useQuery } from "@/shared/graphql/use-query";
import { compareNatural } from "@/shared/lib/utils";
import { useEvery } from "@/shared/live/use-every";
import { Teams } from "./documents";

const EVERY_MS = 60_000;

/** The teams that answer for services, each once. */
export function useTeams(): readonly string[] {
  const { data } = useQuery(Teams, {}, useEvery(EVERY_MS));
  const nodes = data?.definitions.nodes;
  return useMemo(() => [...new Set(nodes?.map(({ owner }) => owner))].sort(compareNatural), [nodes]);
}
