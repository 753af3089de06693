import { useQuery } from "@/shared/graphql/use-query";
import { cn } from "@/shared/lib/utils";
import { CallsOverTime } from "@/shared/metrics/documents";
import { Age } from "@/shared/time/age";
import { useNow } from "@/shared/time/clock";
import { formatAge } from "@/shared/time/duration";
import { type Beat, beatsOf } from "./beats";

const SECONDS = 120;
const STEP_MS = 5_000;

const looks: Record<Beat, string> = {
  came: "h-2.5 w-0.5 bg-muted-foreground",
  missed: "h-4 w-1 border border-bad",
  unknown: "h-2.5 w-0.5 bg-border",
};

/** Two minutes of heartbeats, one mark for each second. */
export function BeatStrip({
  service,
  instance,
  lastBeatAt,
}: {
  service: string;
  instance: string;
  lastBeatAt: string | null;
}) {
  const now = Math.floor(useNow() / STEP_MS) * STEP_MS;
  const from = now - SECONDS * 1_000;
  const { data, of } = useQuery(CallsOverTime, {
    service,
    instance,
    from: new Date(from).toISOString(),
    to: new Date(now).toISOString(),
    points: SECONDS,
  });
  const begin = of ? Date.parse(of.from as string) : from;
  const { beats, longestSeconds } = data
    ? beatsOf(data.metrics, begin, SECONDS)
    : { beats: [], longestSeconds: 0 };
  return (
    <div>
      <p className="mb-1 flex gap-2 text-xs">
        <span className="font-medium">Heartbeats</span>
        <span className="text-muted-foreground">last two minutes</span>
        <span className="ml-auto text-muted-foreground">
          last {lastBeatAt === null ? "—" : <Age since={lastBeatAt} />} ago · longest gap{" "}
          {longestSeconds === 0 ? "none" : formatAge(longestSeconds * 1_000)}
        </span>
      </p>
      <div
        role="img"
        aria-label={`Heartbeats of two minutes: ${beats.filter((beat) => beat === "missed").length} missed`}
        className="flex h-4 items-end justify-between rounded-sm bg-muted px-1"
      >
        {beats.map((beat, index) => (
          <span key={index} className={cn("shrink-0", looks[beat])} />
        ))}
      </div>
    </div>
  );
}
