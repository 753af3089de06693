import { useMemo } from "react";
import { useEvents } from "@/shared/events/store";
import { useLimitsStore } from "@/shared/limits/store";
import { useHeld } from "@/shared/live/use-held";
import { useSystem } from "@/shared/system/store";
import { useNow } from "@/shared/time/clock";
import { useMoment } from "@/shared/url/moment";
import { type Acknowledgement, markOf, useAcknowledged } from "./acknowledged";
import { type AttentionItem, attentionOf } from "./attention";
import { failoversOf } from "./failovers";
import { type Silence, useSilences } from "./silences";
import { useAttention } from "./store";

export type ShownItem = AttentionItem & {
  /** Whether somebody has seen it, or it is silenced: it counts no more. */
  acknowledged: boolean;
  seen: Acknowledgement | null;
  silence: Silence | null;
};

/** What needs somebody now, the worst first; what was acknowledged comes after what was not. */
export function useAttentionItems(): readonly ShownItem[] {
  const now = useNow();
  const system = useSystem((s) => s.system);
  const events = useEvents((s) => s.events);
  const { services, ownerless } = useAttention();
  const breaches = useLimitsStore((s) => s.breaches);
  const seen = useAcknowledged((s) => s.all);
  const silences = useSilences((s) => s.silences);
  const past = useMoment() !== null;
  const failovers = useMemo(() => failoversOf(events ?? []), [events]);
  const items = useMemo(() => {
    // Who looks at the past is not to be told what is wrong now.
    if (past) return [];
    const all = attentionOf({ now, system, services, ownerless: ownerless.groups, failovers, breaches });
    const shown = all.map((item): ShownItem => {
      const mark = markOf(item);
      const by = seen.find((each) => each.mark === mark) ?? null;
      const silence = silences.find(({ key, until }) => key === item.key && until > now) ?? null;
      return { ...item, acknowledged: by !== null || silence !== null, seen: by, silence };
    });
    return shown.sort((a, b) => Number(a.acknowledged) - Number(b.acknowledged));
  }, [now, system, services, ownerless, failovers, breaches, seen, silences, past]);
  return useHeld(items);
}
