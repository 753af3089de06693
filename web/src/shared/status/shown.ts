import type { Truth } from "@/shared/freshness/freshness";
import { hasEnded, type InstanceStatus } from "./status";

export interface ShownState {
  status: InstanceStatus;
  /** What it was when it was last seen, where that is not known to hold any more. */
  was: InstanceStatus | null;
}

interface Seen {
  status: InstanceStatus;
  lastBeatAt: string | null;
}

/** How long one may be silent during self-preservation before nothing is said of it. */
const SILENT_MS = 5_000;

/** What may be said of an instance now: what cannot be seen is Unknown; what has ended stays ended. */
export function shownState({ status, lastBeatAt }: Seen, truth: Truth, now: number): ShownState {
  if (hasEnded(status) || status === "UNKNOWN") return { status, was: null };
  if (truth.unknownSince !== null) return { status: "UNKNOWN", was: status };
  const silent = lastBeatAt !== null && now - Date.parse(lastBeatAt) > SILENT_MS;
  if (truth.preserving && silent) return { status: "UNKNOWN", was: status };
  return { status, was: null };
}
