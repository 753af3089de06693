import { useTruth } from "@/shared/freshness/truth";
import { shownState } from "@/shared/status/shown";
import { StateBadge } from "@/shared/status/state-badge";
import { useNow } from "@/shared/time/clock";
import type { Neighbour } from "./neighbours";

/** How a service beside this one is. */
export function NeighbourState({ of: { status } }: { of: Neighbour }) {
  const truth = useTruth();
  const now = useNow();
  if (status === null) return <span className="text-muted-foreground">not known here</span>;
  return <StateBadge shown={shownState({ status, lastBeatAt: null }, truth, now)} />;
}
