import { formatSpan } from "@/shared/time/duration";
import type { Day } from "./use-day";

const span = (ms: number | null): string => (ms === null ? "—" : formatSpan(ms));

/** What happened in 24 hours, in one line. */
export function DayFacts({ day: { statistics, cut } }: { day: Day }) {
  const { changes, lost, planned, recoveryP50Ms, recoveryP99Ms, handoverP50Ms, handoverP99Ms } = statistics;
  return (
    <p className="min-w-0 truncate text-muted-foreground">
      <strong className="font-semibold text-foreground">{cut ? `more than ${changes}` : changes}</strong>{" "}
      {changes === 1 ? "change" : "changes"} in 24 h · {lost} after a loss, {planned} planned · recovery p50{" "}
      {span(recoveryP50Ms)}, p99 {span(recoveryP99Ms)} · handover p50 {span(handoverP50Ms)}, p99{" "}
      {span(handoverP99Ms)}
    </p>
  );
}
