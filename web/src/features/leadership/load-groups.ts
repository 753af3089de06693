import type { VariablesOf } from "@/gql";
import { loadAll, type Reading } from "@/shared/bulk/load-all";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql, unreachable } from "@/shared/graphql/errors";
import { type Group, GroupPageOf } from "./documents";

/** All groups that the filter takes, however many are loaded. */
export const loadGroups = (
  filter: VariablesOf<typeof GroupPageOf>["filter"],
  reading: Reading,
): Promise<readonly Group[] | AppError | null> =>
  loadAll<Group>(async (after) => {
    const { data, error } = await client.query(GroupPageOf, { filter: filter ?? null, after }).toPromise();
    if (!data) return { error: error ? errorFromUrql(error) : unreachable };
    const { nodes, pageInfo } = data.leaders;
    return { rows: nodes, next: pageInfo.hasNextPage ? pageInfo.endCursor : null };
  }, reading);
