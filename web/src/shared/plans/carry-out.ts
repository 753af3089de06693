import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql, unreachable } from "@/shared/graphql/errors";
import { BeginMaintenance, CancelSwitchover, EndMaintenance, ScheduleSwitchover } from "./documents";

/** A service, or one of its groups. */
export interface Scope {
  service: string;
  /** Null for all groups of the service. */
  group: string | null;
}

interface Told {
  __typename: string;
  code?: string;
  message?: string;
}

type CombinedError = Parameters<typeof errorFromUrql>[0];

/** Why it was not recorded; null when it was. */
function refusalOf(told: Told | undefined, error: CombinedError | undefined): AppError | null {
  if (error) return errorFromUrql(error);
  if (!told) return unreachable;
  if (told.__typename !== "Rejected") return null;
  return { code: told.code ?? "", message: told.message ?? "", requestId: null, retryable: false };
}

const iso = (at: number): string => new Date(at).toISOString();
const scopeOf = ({ service, group }: Scope) => ({ service, ...(group !== null && { group }) });

export async function beginMaintenance(of: Scope, until: number, reason: string): Promise<AppError | null> {
  const input = { ...scopeOf(of), until: iso(until), reason };
  const { data, error } = await client.mutation(BeginMaintenance, { input });
  return refusalOf(data?.beginMaintenance, error);
}

export async function endMaintenance(of: Scope, reason: string): Promise<AppError | null> {
  const { data, error } = await client.mutation(EndMaintenance, { input: { ...scopeOf(of), reason } });
  return refusalOf(data?.endMaintenance, error);
}

interface Planned {
  service: string;
  group: string;
  /** Who is to have it; whoever is first where it is null. */
  to: string | null;
  at: number;
}

export async function scheduleSwitchover(
  { service, group, to, at }: Planned,
  reason: string,
): Promise<AppError | null> {
  const input = { service, group, at: iso(at), reason, ...(to !== null && { to }) };
  const { data, error } = await client.mutation(ScheduleSwitchover, { input });
  return refusalOf(data?.scheduleSwitchover, error);
}

export async function cancelSwitchover(
  { service, group }: { service: string; group: string },
  reason: string,
): Promise<AppError | null> {
  const { data, error } = await client.mutation(CancelSwitchover, { input: { service, group, reason } });
  return refusalOf(data?.cancelSwitchover, error);
}
