import { useTruth } from "@/shared/freshness/truth";
import { compareNatural } from "@/shared/lib/utils";
import { shownState } from "@/shared/status/shown";
import { StateBadge } from "@/shared/status/state-badge";
import { rankOf } from "@/shared/status/status";
import { useNow } from "@/shared/time/clock";
import { InstanceLink } from "@/shared/ui/object-link";
import type { ServiceOf } from "./documents";

const SHOWN = 12;

/** The instances, the worst first. */
export function InstancesList({ service }: { service: ServiceOf }) {
  const truth = useTruth();
  const now = useNow();
  const sorted = [...service.instances].sort(
    (a, b) => rankOf(a.status) - rankOf(b.status) || compareNatural(a.instance, b.instance),
  );
  if (sorted.length === 0) return <p className="p-3 text-muted-foreground">None is in the registry.</p>;
  return (
    <ul>
      {sorted.slice(0, SHOWN).map((each) => (
        <li
          key={each.instance}
          className="flex h-7 items-center gap-2 border-border border-b px-3 last:border-b-0"
        >
          <InstanceLink service={service.name} instance={each.instance} />
          <span className="ml-auto text-muted-foreground">{each.version}</span>
          <span className="w-24">
            <StateBadge shown={shownState({ status: each.status, lastBeatAt: null }, truth, now)} />
          </span>
        </li>
      ))}
      {sorted.length > SHOWN && (
        <li className="px-3 py-1 text-muted-foreground">and {sorted.length - SHOWN} more</li>
      )}
    </ul>
  );
}
