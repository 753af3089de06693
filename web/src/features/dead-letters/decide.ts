import { client } from "@/shared/graphql/client";
import { type AppError, errorFromUrql, unreachable } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";
import { DiscardLetter, type Letter, RedriveLetter } from "./documents";
import type { Deed } from "./letters";

export type Result = { kind: "done"; sequence: Whole } | { kind: "failed"; error: AppError };

const failed = (error: AppError): Result => ({ kind: "failed", error });

/** Decides on one letter. */
export async function decide(
  { sequence, at }: Pick<Letter, "sequence" | "at">,
  deed: Deed,
  reason: string,
): Promise<Result> {
  const input = { sequence, at, reason };
  const answer =
    deed === "redrive"
      ? await client.mutation(RedriveLetter, { input }).then(({ data, error }) => ({
          told: data?.redriveDeadLetter,
          error,
        }))
      : await client.mutation(DiscardLetter, { input }).then(({ data, error }) => ({
          told: data?.discardDeadLetter,
          error,
        }));
  if (answer.error) return failed(errorFromUrql(answer.error));
  const { told } = answer;
  if (!told) return failed(unreachable);
  if (told.__typename === "DeadLetterDone") return { kind: "done", sequence: told.sequence };
  return failed({ code: told.code, message: told.message, requestId: null, retryable: false });
}

interface Many {
  letters: readonly Letter[];
  deed: Deed;
  reason: string;
  /** At most so many a second. */
  perSecond: number;
  onResult: (letter: Letter, result: Result) => void;
  signal: AbortSignal;
}

/** With these nothing arrives, so that it makes no sense to go on. */
const HOPELESS = ["UNREACHABLE", "UNAUTHENTICATED", "FORBIDDEN"];

/**
 * One after the other, oldest first, as the messages came; no faster than told. Ends when the signal says so, or when the
 * server is not to be had: what was not decided on is left.
 */
export async function decideMany({
  letters,
  deed,
  reason,
  perSecond,
  onResult,
  signal,
}: Many): Promise<void> {
  const pause = 1_000 / perSecond;
  for (const letter of [...letters].reverse()) {
    const began = performance.now();
    let result = await decide(letter, deed, reason);
    while (result.kind === "failed" && result.error.code === "RATE_LIMITED" && !signal.aborted) {
      await rest(1_000);
      result = await decide(letter, deed, reason);
    }
    onResult(letter, result);
    if (signal.aborted || (result.kind === "failed" && HOPELESS.includes(result.error.code))) return;
    await rest(pause - (performance.now() - began));
  }
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
