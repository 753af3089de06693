import type { LogMoment } from "@/shared/url/moment";

/** A moment as the API takes it; null for now. */
export function asOfVariables(
  moment: LogMoment | null,
): { sequence: number | bigint | null; time: string | null } | null {
  if (moment === null) return null;
  return "sequence" in moment
    ? { sequence: moment.sequence, time: null }
    : { sequence: null, time: moment.time };
}
