import type { Truth } from "@/shared/freshness/freshness";
import { hasEnded, type InstanceStatus } from "./status";

export interface ShownState {
  status: InstanceStatus;
  /** What it was when it was last seen, where that is not known to hold any more. */
  was: InstanceStatus | null;
  /** How long ago it lost a lease, in milliseconds, where it is called running all the same. */
  leaseLostMs: number | null;
}

interface Seen {
  status: InstanceStatus;
  lastBeatAt: string | null;
  /** When it lost a lease just now, in epoch milliseconds. */
  leaseLostAt?: number | undefined;
}

/** How long one may be silent during self-preservation before nothing is said of it. */
const SILENT_MS = 5_000;

/** What may be said of an instance now: what cannot be seen is Unknown; what has ended stays ended. */
export function shownState({ status, lastBeatAt, leaseLostAt }: Seen, truth: Truth, now: number): ShownState {
  const unknown = { status: "UNKNOWN", was: status, leaseLostMs: null } as const;
  const known = { status, was: null, leaseLostMs: null };
  if (hasEnded(status) || status === "UNKNOWN") return known;
  if (truth.unknownSince !== null) return unknown;
  const silent = lastBeatAt !== null && now - Date.parse(lastBeatAt) > SILENT_MS;
  if (truth.preserving && silent) return unknown;
  if (status === "RUNNING" && leaseLostAt !== undefined)
    return { ...known, leaseLostMs: Math.max(0, now - leaseLostAt) };
  return known;
}
