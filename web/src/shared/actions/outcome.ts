import type { AppError } from "@/shared/graphql/errors";
import type { Whole } from "@/shared/graphql/exact";

/** It was done, and stands in the log; null where that was so before. */
export interface Recorded {
  recorded: Whole | null;
}

/** What became of something that was asked for: why it was not done, or where it is recorded. */
export type Told = AppError | Recorded;

export const isRefused = (told: Told): told is AppError => "code" in told;
