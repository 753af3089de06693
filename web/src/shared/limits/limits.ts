import { duration, percent } from "@/shared/figures/format";
import { formatAge } from "@/shared/time/duration";

/** What a definition allows; null where it says nothing. */
export interface Limits {
  p99Ms: number | null;
  errorPercent: number | null;
}

export const noLimits: Limits = { p99Ms: null, errorPercent: null };

interface Defined {
  service: string;
  status: string;
  p99LimitMs: number | bigint | null;
  errorLimitPercent: number | null;
}

/** By service: of definitions that are in use and set a limit. */
export function limitsOf(definitions: readonly Defined[]): ReadonlyMap<string, Limits> {
  return new Map(
    definitions
      .filter(
        ({ status, p99LimitMs, errorLimitPercent }) =>
          status === "ACTIVE" && (p99LimitMs !== null || errorLimitPercent !== null),
      )
      .map(({ service, p99LimitMs, errorLimitPercent }) => [
        service,
        { p99Ms: p99LimitMs === null ? null : Number(p99LimitMs), errorPercent: errorLimitPercent },
      ]),
  );
}

/** The same with how long it has been so, where that is known. */
export const lasting = (over: string | null, since: number | undefined, now: number): string | null =>
  over === null || since === undefined ? over : `${over} for ${formatAge(now - since)}`;

type Value = number | null | undefined;

/** What is wrong with a latency; null when nothing is, or no limit is set. */
export const overP99 = ({ p99Ms }: Limits, value: Value): string | null =>
  p99Ms !== null && value != null && value > p99Ms ? `over the limit of ${duration(p99Ms)}` : null;

/** The same of a share of failed calls. */
export const overErrors = ({ errorPercent }: Limits, value: Value): string | null =>
  errorPercent !== null && value != null && value > errorPercent
    ? `over the limit of ${percent(errorPercent)} %`
    : null;
