import type { ReactNode } from "react";
import { count } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import { formatSpan } from "@/shared/time/duration";
import { useMoment } from "@/shared/url/moment";
import { Summary } from "./documents";

const EVERY_MS = 5_000;

const span = (ms: number | bigint | null): string => (ms === null ? "—" : formatSpan(Number(ms)));

/** Where the next owner was recorded in the same step, nothing was to be measured. */
const handover = (ms: number | bigint | null | undefined, planned: number | bigint | undefined): string =>
  ms == null && Number(planned ?? 0) > 0 ? "no gap" : span(ms ?? null);

interface Props {
  /** Null for all services. */
  service: string | null;
  /** Null for all groups. */
  group: string | null;
  /** A fact of now, before the others. */
  first?: Fact | undefined;
}

interface Fact {
  name: string;
  value: ReactNode;
  more?: string;
}

/** What happened within 24 hours. Its place is kept while nothing is known, so that nothing below it moves. */
export function DayFacts({ service, group, first }: Props) {
  const paused = usePaused();
  const past = useMoment() !== null;
  const { data } = useQuery(Summary, past ? null : { service, group }, paused ? {} : { every: EVERY_MS });
  if (past) return null;
  const of = data?.leadershipSummary;
  const facts: Fact[] = [
    ...(first ? [first] : []),
    {
      name: "Changes in 24 h",
      value: count(of?.changes),
      ...(of && { more: `${count(of.lost)} after a loss, ${count(of.planned)} planned` }),
    },
    { name: "Recovery p50", value: span(of?.recoveryP50Ms ?? null) },
    { name: "Recovery p99", value: span(of?.recoveryP99Ms ?? null) },
    { name: "Handover p50", value: handover(of?.handoverP50Ms, of?.planned) },
    { name: "Handover p99", value: handover(of?.handoverP99Ms, of?.planned) },
  ];
  return (
    <dl
      data-testid="day-facts"
      className="flex min-h-7 shrink-0 flex-wrap items-center gap-x-6 gap-y-1 px-4 pb-2 max-xl:px-3"
    >
      {facts.map(({ name, value, more }) => (
        <div key={name} className="flex items-baseline gap-1.5 whitespace-nowrap">
          <dt className="text-muted-foreground text-xs">{name}</dt>
          <dd className="font-semibold">{value}</dd>
          {more && <dd className="text-muted-foreground text-xs">{more}</dd>}
        </div>
      ))}
    </dl>
  );
}
