import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql, unreachable } from "@/shared/graphql/errors";
import { ForgetInstance, type Instance } from "./documents";

/** Asks for it; answers why it was not done, or null when it was. The row leaves with the live registry. */
export async function forget(
  { service, instance }: Pick<Instance, "service" | "instance">,
  reason: string,
): Promise<AppError | null> {
  const { data, error } = await client.mutation(ForgetInstance, { input: { service, instance, reason } });
  if (error) return errorFromUrql(error);
  if (!data) return unreachable;
  if (data.forgetInstance.__typename === "Forgotten") return null;
  const { code, message } = data.forgetInstance;
  return { code, message, requestId: null, retryable: false };
}
