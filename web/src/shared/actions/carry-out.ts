import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql, unreachable } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";
import { Drain, ForgetInstance, StepDown } from "./documents";

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

/** Each asks for one thing; answers why it was not done, or null when it was. */
export async function drain({ service, instance }: InstanceRef, reason: string): Promise<AppError | null> {
  const { data, error } = await client.mutation(Drain, { input: { service, instance, reason } });
  if (error) return errorFromUrql(error);
  if (!data) return unreachable;
  return data.drain.__typename === "Rejected" ? refusal(data.drain) : null;
}

export async function forget({ service, instance }: InstanceRef, reason: string): Promise<AppError | null> {
  const { data, error } = await client.mutation(ForgetInstance, { input: { service, instance, reason } });
  if (error) return errorFromUrql(error);
  if (!data) return unreachable;
  return data.forgetInstance.__typename === "Rejected" ? refusal(data.forgetInstance) : null;
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
): Promise<{ owner: string; term: Whole } | AppError> {
  const { data, error } = await client.mutation(StepDown, {
    input: { service, group, reason, ...(to !== null && { to }) },
  });
  if (error) return errorFromUrql(error);
  if (!data) return unreachable;
  if (data.stepDown.__typename === "Rejected") return refusal(data.stepDown);
  return { owner: data.stepDown.instance, term: data.stepDown.term };
}

export async function stepDown(of: GroupRef, reason: string): Promise<AppError | null> {
  const told = await handOver(of, reason);
  return "code" in told ? told : null;
}
