/** A window of the history of a service. */
export interface Told {
  at: string;
  p99Ms: number | null;
  errorPercent: number | null;
}

export type Kind = "p99" | "errors";

export const kindKey = (service: string, kind: Kind): string => `${service} ${kind}`;

/**
 * Since when a figure has been beyond its limit: where the unbroken run of windows beyond it begins that reaches up to the
 * newest one. Windows without a call say nothing and break nothing; the newest one is not whole yet, so it may still be
 * within. Null where no window is beyond it.
 */
export function beyondSince(windows: readonly Told[], kind: Kind, limit: number): number | null {
  let since: number | null = null;
  for (let n = windows.length - 1; n >= 0; n--) {
    const window = windows[n];
    if (window === undefined) continue;
    const value = kind === "p99" ? window.p99Ms : window.errorPercent;
    if (value === null) continue;
    if (value > limit) since = Date.parse(window.at);
    else if (n < windows.length - 1) break;
  }
  return since;
}
