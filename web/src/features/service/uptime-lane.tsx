import { useNavigate } from "react-router";
import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { usePaused } from "@/shared/live/pause";
import { useReplay } from "@/shared/replay/store";
import { useNow } from "@/shared/time/clock";
import { formatAge } from "@/shared/time/duration";
import { formatMoment } from "@/shared/time/format";
import { useZone } from "@/shared/time/zone";
import { Problem } from "@/shared/ui/states";
import { eventPath, useKeeping } from "@/shared/url/links";
import { type SupplySpan, UptimeOf } from "./documents";
import { spanWords, summaryOf } from "./uptime";

const DAYS_MS = 7 * 86_400_000;
/** The beginning moves in steps, so that the question stays the same for a while. */
const STEP_MS = 60_000;
const AGAIN_MS = 30_000;

/** Whether enough instances ran over seven days. */
export function UptimeLane({ service }: { service: string }) {
  const present = useNow();
  const replayed = useReplay((s) => s.time);
  const paused = usePaused() || replayed !== null;
  const now = replayed ?? present;
  const asked = Math.floor((now - DAYS_MS) / STEP_MS) * STEP_MS;
  const { data, error, again } = useQuery(
    UptimeOf,
    {
      service,
      from: new Date(asked).toISOString(),
      to: replayed === null ? null : new Date(replayed).toISOString(),
    },
    paused ? {} : { every: AGAIN_MS },
  );
  if (!data) return error ? <Problem error={error} onRetry={again} /> : <div className="h-9" />;
  const { spans, needed, upPercent, shortfalls, from } = data.serviceLifeline;
  // What is recorded for less than the seven days fills the lane, and its beginning is said.
  const begin = Math.max(Date.parse(from), spans[0] ? Date.parse(spans[0].from) : asked);
  return (
    <div data-testid="uptime">
      <p className="mb-1 flex gap-2 text-xs">
        <span className="font-medium">{Number(needed) === 1 ? "An instance runs" : `${needed} run`}</span>
        <span className="text-muted-foreground">
          {begin > asked + STEP_MS ? `recorded for ${formatAge(now - begin)}` : "7 days"}
        </span>
        <span className="ml-auto text-muted-foreground">{summaryOf(upPercent, Number(shortfalls))}</span>
      </p>
      <ol aria-label="Whether enough instances ran" className="flex h-4 overflow-hidden rounded-sm bg-muted">
        {spans.map((span) => (
          <Part
            key={`${span.from} ${span.supply}`}
            span={span}
            needed={Number(needed)}
            begin={begin}
            now={now}
          />
        ))}
      </ol>
    </div>
  );
}

const fills: Record<SupplySpan["supply"], string> = {
  ENOUGH: "bg-ok",
  FEW: "bg-warn",
  NOTHING: "hatch bg-bad-soft text-bad",
};

interface PartProps {
  span: SupplySpan;
  needed: number;
  begin: number;
  now: number;
}

function Part({ span, needed, begin, now }: PartProps) {
  const navigate = useNavigate();
  const keeping = useKeeping();
  const zone = useZone((s) => s.zone);
  const from = Math.max(begin, Date.parse(span.from));
  const to = span.to === null ? now : Date.parse(span.to);
  const text = `${spanWords(span, needed)} from ${formatMoment(span.from, zone)}, ${formatAge(to - Date.parse(span.from))}`;
  return (
    <li className="min-w-px" style={{ flexGrow: Math.max(0, to - from), flexBasis: 0 }}>
      <button
        type="button"
        tabIndex={-1}
        aria-label={text}
        title={text}
        disabled={Number(span.sequence) === 0}
        className={cn(
          "block h-full w-full",
          fills[span.supply],
          Number(span.sequence) > 0 && "cursor-pointer",
        )}
        onClick={() => void navigate(keeping(eventPath(span.sequence)))}
      />
    </li>
  );
}
