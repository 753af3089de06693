import type { Told } from "@/shared/actions/outcome";
import { client } from "@/shared/graphql/client";
import { errorFromUrql, unreachable } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";
import { BeginMaintenance, CancelSwitchover, EndMaintenance, ScheduleSwitchover } from "./documents";

/** A service, or one of its groups. */
export interface Scope {
  service: string;
  /** Null for all groups of the service. */
  group: string | null;
}

interface Answer {
  __typename: string;
  code?: string;
  message?: string;
  sequence?: Whole;
}

type CombinedError = Parameters<typeof errorFromUrql>[0];

/** Why it was not recorded, or where it is. */
function toldOf(answer: Answer | undefined, error: CombinedError | undefined): Told {
  if (error) return errorFromUrql(error);
  if (!answer) return unreachable;
  if (answer.__typename !== "Rejected") return { recorded: answer.sequence ?? null };
  return { code: answer.code ?? "", message: answer.message ?? "", requestId: null, retryable: false };
}

const iso = (at: number): string => new Date(at).toISOString();
const scopeOf = ({ service, group }: Scope) => ({ service, ...(group !== null && { group }) });

export async function beginMaintenance(of: Scope, until: number, reason: string): Promise<Told> {
  const input = { ...scopeOf(of), until: iso(until), reason };
  const { data, error } = await client.mutation(BeginMaintenance, { input });
  return toldOf(data?.beginMaintenance, error);
}

export async function endMaintenance(of: Scope, reason: string): Promise<Told> {
  const { data, error } = await client.mutation(EndMaintenance, { input: { ...scopeOf(of), reason } });
  return toldOf(data?.endMaintenance, error);
}

interface Planned {
  service: string;
  group: string;
  /** Who is to have it; whoever is first where it is null. */
  to: string | null;
  at: number;
}

export async function scheduleSwitchover({ service, group, to, at }: Planned, reason: string): Promise<Told> {
  const input = { service, group, at: iso(at), reason, ...(to !== null && { to }) };
  const { data, error } = await client.mutation(ScheduleSwitchover, { input });
  return toldOf(data?.scheduleSwitchover, error);
}

export async function cancelSwitchover(
  { service, group }: { service: string; group: string },
  reason: string,
): Promise<Told> {
  const { data, error } = await client.mutation(CancelSwitchover, { input: { service, group, reason } });
  return toldOf(data?.cancelSwitchover, error);
}
