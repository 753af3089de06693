import { useNavigate } from "react-router";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { usePaused } from "@/shared/live/pause";
import { useReplay } from "@/shared/replay/store";
import { looks } from "@/shared/status/look";
import { words } from "@/shared/status/status";
import { useNow } from "@/shared/time/clock";
import { formatAge } from "@/shared/time/duration";
import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { Problem } from "@/shared/ui/states";
import { eventPath, useKeeping } from "@/shared/url/links";
import { LifelineOf, type Stretch } from "./documents";

const DAYS_MS = 7 * 86_400_000;
/** The beginning moves in steps, so that the question stays the same for a while. */
const STEP_MS = 60_000;
const AGAIN_MS = 5_000;

/** How it was over seven days. */
export function StateLane({ service, instance }: { service: string; instance: string }) {
  const present = useNow();
  const replayed = useReplay((s) => s.time);
  const paused = usePaused() || replayed !== null;
  const now = replayed ?? present;
  const from = Math.floor((now - DAYS_MS) / STEP_MS) * STEP_MS;
  const { data, error, again } = useQuery(
    LifelineOf,
    {
      service,
      instance,
      from: new Date(from).toISOString(),
      to: replayed === null ? null : new Date(replayed).toISOString(),
    },
    paused ? {} : { every: AGAIN_MS },
  );
  const { stretches = [], upPercent = null, recoveries = 0, starts = 0 } = data?.lifeline ?? {};
  // What is recorded for less than the seven days fills the lane, and its beginning is said.
  const begin = Math.max(from, stretches[0] ? Date.parse(stretches[0].from) : from);
  const [flaps, begun] = [Number(recoveries), Number(starts)];
  return (
    <div>
      <p className="mb-1 flex gap-2 text-xs">
        <span className="font-medium">State</span>{" "}
        <span className="text-muted-foreground">
          {begin > from + STEP_MS ? `recorded for ${formatAge(now - begin)}` : "7 days"}
        </span>{" "}
        <span className="ml-auto text-muted-foreground">
          {upPercent === null ? "—" : `${share(upPercent)} % up`} · {flaps} {flaps === 1 ? "flap" : "flaps"} ·{" "}
          {begun} {begun === 1 ? "start" : "starts"}
        </span>
      </p>
      {error && !data ? (
        <Problem error={error} onRetry={again} />
      ) : (
        <ol aria-label="State over time" className="flex h-4 overflow-hidden rounded-sm bg-muted">
          {stretches.map((stretch) => (
            <Part key={String(stretch.sequence)} stretch={stretch} begin={begin} now={now} />
          ))}
        </ol>
      )}
    </div>
  );
}

/** Never rounded up to all of the time. */
const share = (percent: number): string => (percent === 100 ? "100" : Math.min(99.99, percent).toFixed(2));

function Part({ stretch, begin, now }: { stretch: Stretch; begin: number; now: number }) {
  const navigate = useNavigate();
  const keeping = useKeeping();
  const zone = useZone((s) => s.zone);
  const { status, reason, sequence } = stretch;
  const from = Math.max(begin, Date.parse(stretch.from));
  const to = stretch.to === null ? now : Date.parse(stretch.to);
  const length = formatAge(to - Date.parse(stretch.from));
  const text = `${words[status]} from ${formatMoment(stretch.from, zone)}, ${length}${reason ? `: ${reason}` : ""}`;
  return (
    <li
      className={cn("min-w-px", status === "UNKNOWN" && "hatch")}
      style={{ flexGrow: Math.max(0, to - from), flexBasis: 0 }}
    >
      <button
        type="button"
        tabIndex={-1}
        aria-label={text}
        title={text}
        className={cn("block h-full w-full cursor-pointer", looks[status].fill)}
        onClick={() => void navigate(keeping(eventPath(sequence)))}
      />
    </li>
  );
}
