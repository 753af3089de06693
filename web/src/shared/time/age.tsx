import { useFrozenAt } from "@/shared/freshness/truth";
import { useNow } from "./clock";
import { formatAge, formatShortAge } from "./duration";
import { formatMoment } from "./format";
import { useZone } from "./zone";

/** How long ago, ticking; where the page shows no current truth, it stands at the moment of the last one. */
export function Age({ since, short = false }: { since: string | null; short?: boolean }) {
  const now = useNow();
  const frozenAt = useFrozenAt();
  const zone = useZone((s) => s.zone);
  if (since === null) return <span className="text-muted-foreground">—</span>;
  const ms = (frozenAt ?? now) - Date.parse(since);
  return (
    <time dateTime={since} title={formatMoment(since, zone)}>
      {short ? formatShortAge(ms) : formatAge(ms)}
    </time>
  );
}
