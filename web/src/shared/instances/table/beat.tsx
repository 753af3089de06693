import { hasEnded } from "@/shared/status/status";
import { useNow } from "@/shared/time/clock";
import { formatShortAge } from "@/shared/time/duration";
import type { InstanceRowOf } from "../documents";

/** A beat that is not later than that is no news. */
const ON_TIME_MS = 2_500;

/** Nothing while the beats come; how long it is silent when they do not. */
export function Beat({ instance, known }: { instance: InstanceRowOf; known: boolean }) {
  const now = useNow();
  const { lastBeatAt, status } = instance;
  if (lastBeatAt === null) return <span className="text-muted-foreground">—</span>;
  const silent = now - Date.parse(lastBeatAt);
  if (!known || silent < ON_TIME_MS) return null;
  return (
    <span
      className={hasEnded(status) ? "text-muted-foreground" : "font-medium text-warn"}
      title={`Last heartbeat ${lastBeatAt}`}
    >
      {formatShortAge(silent)}
    </span>
  );
}
