import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql, unreachable } from "@/shared/graphql/errors";
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

/** Without `to`, whichever member is first takes the group. */
export async function stepDown(
  { service, group, to }: { service: string; group: string; to: string | null },
  reason: string,
): Promise<AppError | null> {
  const { data, error } = await client.mutation(StepDown, {
    input: { service, group, reason, ...(to !== null && { to }) },
  });
  if (error) return errorFromUrql(error);
  if (!data) return unreachable;
  return data.stepDown.__typename === "Rejected" ? refusal(data.stepDown) : null;
}
