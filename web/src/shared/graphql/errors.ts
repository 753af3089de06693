import type { CombinedError } from "@urql/core";
import { z } from "@/shared/lib/zod";

/** The one error shape of the server, plus codes of our own for what never reached it. */
export interface AppError {
  code: string;
  message: string;
  requestId: string | null;
  retryable: boolean;
}

const body = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    requestId: z.nullish(z.string()),
    retryable: z.optional(z.boolean()),
  }),
});

const extensions = z.object({
  code: z.optional(z.string()),
  requestId: z.nullish(z.string()),
  retryable: z.optional(z.boolean()),
});

export const unreachable: AppError = {
  code: "UNREACHABLE",
  message: "The control plane does not answer.",
  requestId: null,
  retryable: true,
};

/** Reads `{"error": {...}}`; anything else becomes an error named after the HTTP status. */
export function errorFromBody(status: number, json: unknown): AppError {
  const parsed = body.safeParse(json);
  if (!parsed.success) {
    return {
      code: `HTTP_${status}`,
      message: `The server answered ${status}.`,
      requestId: null,
      retryable: status >= 500,
    };
  }
  const { code, message, requestId, retryable } = parsed.data.error;
  return { code, message, requestId: requestId ?? null, retryable: retryable ?? false };
}

/** Reads one entry of `errors` in a GraphQL result. */
export function errorFromGraphQL(error: { message: string; extensions?: unknown }): AppError {
  const parsed = extensions.safeParse(error.extensions ?? {});
  const ext = parsed.success ? parsed.data : {};
  return {
    code: ext.code ?? "GRAPHQL_ERROR",
    message: error.message,
    requestId: ext.requestId ?? null,
    retryable: ext.retryable ?? false,
  };
}

export function errorFromUrql(error: CombinedError): AppError {
  const first = error.graphQLErrors[0];
  return first ? errorFromGraphQL(first) : unreachable;
}
