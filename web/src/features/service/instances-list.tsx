import { count } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import { useLostLeases } from "@/shared/leases/use-lost-leases";
import { shownState } from "@/shared/status/shown";
import { StateBadge } from "@/shared/status/state-badge";
import { useNow } from "@/shared/time/clock";
import { InstanceLink } from "@/shared/ui/object-link";
import type { Seen } from "./use-service";

const SHOWN = 12;

/** The instances, those that need somebody first. */
export function InstancesList({ seen: { service, page } }: { seen: Seen }) {
  const truth = useTruth();
  const lost = useLostLeases();
  const now = useNow();
  if (page.total === 0) return <p className="p-3 text-muted-foreground">None is in the registry.</p>;
  const shown = page.rows.slice(0, SHOWN);
  return (
    <ul>
      {shown.map((each) => (
        <li
          key={each.instance}
          className="flex h-7 items-center gap-2 border-border border-b px-3 last:border-b-0"
        >
          <InstanceLink service={service.name} instance={each.instance} />
          <span className="ml-auto text-muted-foreground">{each.version}</span>
          <span className="min-w-24 shrink-0">
            <StateBadge shown={shownState({ ...each, leaseLostAt: lost.get(each.id) }, truth, now)} />
          </span>
        </li>
      ))}
      {page.total > shown.length && (
        <li className="px-3 py-1 text-muted-foreground">and {count(page.total - shown.length)} more</li>
      )}
    </ul>
  );
}
