import type { Limits } from "./limits";

/** A window of the history of a service. */
export interface Told {
  at: string;
  p99Ms: number | null;
  errorPercent: number | null;
}

/** Since when each of the figures is beyond its limit; undefined where it is not, or that is not known. */
export interface Since {
  p99: number | undefined;
  errors: number | undefined;
}

export type Kind = "p99" | "errors";

export const kindKey = (service: string, kind: Kind): string => `${service} ${kind}`;

/** How long a window is, and the time of the server. */
export interface Clock {
  stepMs: number;
  now: number;
}

/**
 * Since when a figure has been beyond its limit, at least: the end of the first window of the unbroken run beyond it that
 * reaches up to the newest one. When within that window it began is not known: it may be the first one with a call. Windows
 * without a call say nothing and break nothing; the newest one is not whole yet, so it may still be within. Null where no
 * window is beyond it.
 */
export function beyondSince(
  windows: readonly Told[],
  kind: Kind,
  limit: number,
  { stepMs, now }: Clock,
): number | null {
  let since: number | null = null;
  for (let n = windows.length - 1; n >= 0; n--) {
    const window = windows[n];
    if (window === undefined) continue;
    const value = kind === "p99" ? window.p99Ms : window.errorPercent;
    if (value === null) continue;
    if (value > limit) since = Math.min(Date.parse(window.at) + stepMs, now);
    else if (n < windows.length - 1) break;
  }
  return since;
}

/** The same of both figures. */
export function sinceOf(windows: readonly Told[], limits: Limits, now: number): Since {
  const of = (kind: Kind, limit: number | null): number | undefined =>
    limit === null ? undefined : (beyondSince(windows, kind, limit, { stepMs: STEP_MS, now }) ?? undefined);
  return { p99: of("p99", limits.p99Ms), errors: of("errors", limits.errorPercent) };
}

/** As many instances as one question may name. */
const MOST = 100;
const STEP_MS = 60_000;
const BACK = 60;

/** What to ask for to say since when: the windows of a minute of the last hour, of so many instances as may be asked. */
export function hourOf(ids: readonly string[], now: number) {
  const to = Math.floor(now / STEP_MS) * STEP_MS + STEP_MS;
  return {
    ids: [...ids].sort().slice(0, MOST),
    from: new Date(to - BACK * STEP_MS).toISOString(),
    to: new Date(to).toISOString(),
    points: BACK,
  };
}
