import { loadAll, type Reading } from "@/shared/bulk/load-all";
import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql, unreachable } from "@/shared/graphql/errors";
import { InstancesOfService, type Named } from "./documents";

/** All instances of a service, however many are loaded. */
export const loadInstances = (
  service: string,
  reading: Reading,
): Promise<readonly Named[] | AppError | null> =>
  loadAll<Named>(async (after) => {
    const { data, error } = await client.query(InstancesOfService, { service, after }).toPromise();
    if (!data) return { error: error ? errorFromUrql(error) : unreachable };
    const { nodes, pageInfo } = data.instances;
    return { rows: nodes, next: pageInfo.hasNextPage ? pageInfo.endCursor : null };
  }, reading);
