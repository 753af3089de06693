import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql, unreachable } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";
import { Drain, ForgetInstance, SetLog, StepDown } from "./documents";
import type { Recorded, Told } from "./outcome";

interface InstanceRef {
  service: string;
  instance: string;
}

interface Refused {
  code: string;
  message: string;
}

const refusal = ({ code, message }: Refused): AppError => ({
  code,
  message,
  requestId: null,
  retryable: false,
});

export async function drain({ service, instance }: InstanceRef, reason: string): Promise<Told> {
  const { data, error } = await client.mutation(Drain, { input: { service, instance, reason } });
  if (error) return errorFromUrql(error);
  if (!data) return unreachable;
  const told = data.drain;
  return told.__typename === "Rejected" ? refusal(told) : { recorded: told.sequence };
}

export async function forget({ service, instance }: InstanceRef, reason: string): Promise<Told> {
  const { data, error } = await client.mutation(ForgetInstance, { input: { service, instance, reason } });
  if (error) return errorFromUrql(error);
  if (!data) return unreachable;
  const told = data.forgetInstance;
  return told.__typename === "Rejected" ? refusal(told) : { recorded: told.sequence };
}

/** Has an instance log what passes the filter; answers why it does not. */
export async function setLog({ service, instance }: InstanceRef, filter: string): Promise<AppError | null> {
  const { data, error } = await client.mutation(SetLog, { input: { service, instance, filter } });
  if (error) return errorFromUrql(error);
  if (!data) return unreachable;
  return data.setLog.__typename === "Rejected" ? refusal(data.setLog) : null;
}

interface GroupRef {
  service: string;
  group: string;
  /** Who is to have it; whichever member is first, where it is null. */
  to: string | null;
}

/** Answers who owns the group now, or why it was not handed over. */
export async function handOver(
  { service, group, to }: GroupRef,
  reason: string,
): Promise<(Recorded & { owner: string; term: Whole }) | AppError> {
  const { data, error } = await client.mutation(StepDown, {
    input: { service, group, reason, ...(to !== null && { to }) },
  });
  if (error) return errorFromUrql(error);
  if (!data) return unreachable;
  if (data.stepDown.__typename === "Rejected") return refusal(data.stepDown);
  const { instance, term, sequence } = data.stepDown;
  return { owner: instance, term, recorded: sequence };
}
