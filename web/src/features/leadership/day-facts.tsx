import { useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import { formatSpan } from "@/shared/time/duration";
import { useMoment } from "@/shared/url/moment";
import { Summary } from "./documents";

const EVERY_MS = 5_000;

const span = (ms: number | bigint | null): string => (ms === null ? "—" : formatSpan(Number(ms)));

interface Props {
  /** Null for all services. */
  service: string | null;
  /** Null for all groups. */
  group: string | null;
}

/** What happened within 24 hours, in one line. */
export function DayFacts({ service, group }: Props) {
  const paused = usePaused();
  const past = useMoment() !== null;
  const { data } = useQuery(Summary, past ? null : { service, group }, paused ? {} : { every: EVERY_MS });
  if (!data) return null;
  const { changes, lost, planned, recoveryP50Ms, recoveryP99Ms, handoverP50Ms, handoverP99Ms } =
    data.leadershipSummary;
  const n = Number(changes);
  return (
    <p className="min-w-0 truncate text-muted-foreground">
      <strong className="font-semibold text-foreground">{n}</strong> {n === 1 ? "change" : "changes"} in 24 h
      · {String(lost)} after a loss, {String(planned)} planned · recovery p50 {span(recoveryP50Ms)}, p99{" "}
      {span(recoveryP99Ms)} · handover p50 {span(handoverP50Ms)}, p99 {span(handoverP99Ms)}
    </p>
  );
}
