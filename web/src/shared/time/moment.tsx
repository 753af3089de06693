import { useNowIn } from "./clock";
import { formatClock, formatMoment, formatSecond } from "./format";
import { useZone } from "./zone";

/** No day begins within a minute, wherever one is. */
const MINUTE_MS = 60_000;

/** A moment in the zone of the page; its full form is in the title. */
export function Moment({ at, exact = false }: { at: string; exact?: boolean }) {
  const zone = useZone((s) => s.zone);
  const now = useNowIn(MINUTE_MS);
  return (
    <time dateTime={at} title={formatMoment(at, zone)}>
      {exact ? formatClock(at, zone) : formatSecond(at, zone, now)}
    </time>
  );
}
