import { useMemo } from "react";
import { useEvents } from "@/shared/events/store";
import { useHeld } from "@/shared/live/use-held";
import { useSystem } from "@/shared/system/store";
import { useNow } from "@/shared/time/clock";
import { useMoment } from "@/shared/url/moment";
import { markOf, useAcknowledged } from "./acknowledged";
import { type AttentionItem, attentionOf } from "./attention";
import { failoversOf } from "./failovers";
import { useAttention } from "./store";

export type ShownItem = AttentionItem & { acknowledged: boolean };

/** What needs somebody now, the worst first; what was acknowledged comes after what was not. */
export function useAttentionItems(): readonly ShownItem[] {
  const now = useNow();
  const system = useSystem((s) => s.system);
  const events = useEvents((s) => s.events);
  const { services, ownerless } = useAttention();
  const marks = useAcknowledged((s) => s.marks);
  const past = useMoment() !== null;
  const failovers = useMemo(() => failoversOf(events ?? []), [events]);
  const items = useMemo(() => {
    // Who looks at the past is not to be told what is wrong now.
    if (past) return [];
    const all = attentionOf({ now, system, services, ownerless: ownerless.groups, failovers });
    const shown = all.map((item) => ({ ...item, acknowledged: marks.includes(markOf(item)) }));
    return shown.sort((a, b) => Number(a.acknowledged) - Number(b.acknowledged));
  }, [now, system, services, ownerless, failovers, marks, past]);
  return useHeld(items);
}
