import { useNavigate } from "react-router";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { looks } from "@/shared/status/look";
import { words } from "@/shared/status/status";
import { useNow } from "@/shared/time/clock";
import { formatAge } from "@/shared/time/duration";
import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { Problem } from "@/shared/ui/states";
import { eventPath, useKeeping } from "@/shared/url/links";
import { InstanceEvents } from "./documents";
import { laneOf, type Stretch } from "./lane";

const DAYS_MS = 7 * 86_400_000;
/** The beginning moves in steps, so that the question stays the same for a while. */
const STEP_MS = 60_000;
const AGAIN_MS = 10_000;

/** How it was over seven days. */
export function StateLane({ service, instance }: { service: string; instance: string }) {
  const now = useNow();
  const from = Math.floor((now - DAYS_MS) / STEP_MS) * STEP_MS;
  const { data, error, again } = useQuery(
    InstanceEvents,
    { aggregate: `instance.${service}.${instance}`, types: null, from: new Date(from).toISOString() },
    { every: AGAIN_MS },
  );
  const lane = laneOf(data?.events.nodes ?? [], { from, to: now });
  const known = lane.stretches.filter(({ status }) => status !== "none");
  const begin = known[0]?.from ?? from;
  // What is recorded for less than the seven days fills the lane, and its beginning is said.
  const span = { from: begin, to: now };
  return (
    <div>
      <p className="mb-1 flex gap-2 text-xs">
        <span className="font-medium">State</span>
        <span className="text-muted-foreground">
          {begin > from ? `recorded for ${formatAge(now - begin)}` : "7 days"}
        </span>
        <span className="ml-auto text-muted-foreground">
          {lane.upPercent === null ? "—" : `${share(lane.upPercent)} % up`} · {lane.flaps}{" "}
          {lane.flaps === 1 ? "flap" : "flaps"} · {lane.starts} {lane.starts === 1 ? "start" : "starts"}
        </span>
      </p>
      {error && !data ? (
        <Problem error={error} onRetry={again} />
      ) : (
        <ol aria-label="State over time" className="flex h-4 overflow-hidden rounded-sm bg-muted">
          {known.map((stretch) => (
            <Part
              key={stretch.from}
              stretch={stretch}
              share={(stretch.to - stretch.from) / (span.to - span.from)}
            />
          ))}
        </ol>
      )}
    </div>
  );
}

const share = (percent: number): string => (percent === 100 ? "100" : Math.min(99.99, percent).toFixed(2));

function Part({ stretch, share: wide }: { stretch: Stretch; share: number }) {
  const navigate = useNavigate();
  const keeping = useKeeping();
  const zone = useZone((s) => s.zone);
  const { status, from, to, sequence } = stretch;
  if (status === "none") return null;
  const text = `${words[status]} from ${formatMoment(from, zone)}, ${formatAge(to - from)}`;
  return (
    <li className={cn("min-w-px", status === "UNKNOWN" && "hatch")} style={{ flexGrow: wide, flexBasis: 0 }}>
      <button
        type="button"
        tabIndex={-1}
        aria-label={text}
        title={text}
        className={cn("block h-full w-full cursor-pointer", looks[status].fill)}
        onClick={() => sequence !== null && void navigate(keeping(eventPath(sequence)))}
      />
    </li>
  );
}
