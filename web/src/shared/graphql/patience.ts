import type { AppError } from "./errors";

const PAUSE_MS = 1_000;

/** Asks again while the server says that this came too soon, until the signal says that nobody waits any more. */
export async function patiently<Answer>(
  ask: () => Promise<Answer>,
  errorOf: (answer: Answer) => AppError | null,
  signal?: AbortSignal,
): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (errorOf(answer)?.code !== "RATE_LIMITED" || signal?.aborted) return answer;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
