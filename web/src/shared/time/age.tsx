import { useSyncExternalStore } from "react";
import { useFrozenAt } from "@/shared/freshness/truth";
import { onTick, tickNow } from "./clock";
import { formatAge, formatShortAge } from "./duration";
import { formatMoment } from "./format";
import { useZone } from "./zone";

/** How long ago, ticking; where the page shows no current truth, it stands at the moment of the last one. */
export function Age({ since, short = false }: { since: string | null; short?: boolean }) {
  const frozenAt = useFrozenAt();
  const zone = useZone((s) => s.zone);
  const from = since === null ? null : Date.parse(since);
  const format = short ? formatShortAge : formatAge;
  // The text is what is followed: most ticks change no age of hours.
  const text = useSyncExternalStore(onTick, () =>
    from === null ? "" : format((frozenAt ?? tickNow()) - from),
  );
  if (since === null) return <span className="text-muted-foreground">—</span>;
  return (
    <time dateTime={since} title={formatMoment(since, zone)}>
      {text}
    </time>
  );
}
