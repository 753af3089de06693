import type { ServiceUpdate, Summary } from "./documents";

/** One page of the list of services as the server keeps it. */
export interface ServicePage {
  rows: readonly Summary[];
  total: number;
}

export function applyToServices(page: ServicePage | null, update: ServiceUpdate): ServicePage | null {
  const total = Number(update.totalCount);
  if (update.__typename === "ServiceSnapshot") return { rows: update.services, total };
  if (page === null) return null;
  const rows = new Map(page.rows.map((row) => [row.name, row]));
  for (const name of update.removed) rows.delete(name);
  for (const row of update.changed) rows.set(row.name, row);
  const ordered = update.order
    ? update.order.map((name) => rows.get(name)).filter((row) => row !== undefined)
    : [...rows.values()];
  return { rows: ordered, total };
}
