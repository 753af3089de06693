import { Crown, UserX } from "lucide-react";
import { useMemo } from "react";
import { useEvents } from "@/shared/events/store";
import { useQuery } from "@/shared/graphql/use-query";
import { usePaused } from "@/shared/live/pause";
import type { Series } from "@/shared/metrics/documents";
import { gridOf } from "@/shared/metrics/grid";
import { useSeries, useSpan } from "@/shared/metrics/use-series";
import { useReplay } from "@/shared/replay/store";
import { Age } from "@/shared/time/age";
import { formatSpan } from "@/shared/time/duration";
import type { Window } from "@/shared/time/range";
import { useRange } from "@/shared/time/use-range";
import { CopyLink } from "@/shared/ui/copy-link";
import { InstanceLink } from "@/shared/ui/object-link";
import { PageHead } from "@/shared/ui/page-head";
import { Panel } from "@/shared/ui/panel";
import { Empty, ErrorView, Loading, Problem } from "@/shared/ui/states";
import { servicePath } from "@/shared/url/links";
import { LeadershipEvents, Members } from "./documents";
import { quantile } from "./statistics";
import { StepDownButton } from "./step-down";
import { termsOf } from "./terms";
import { TermsTable } from "./terms-table";
import { Timeline } from "./timeline";

const AGAIN_MS = 5_000;

/** The errors of each window in percent; null where nothing came, so that the line is broken there. */
function errorsOf(series: Series, span: Window): { at: number; percent: number | null }[] {
  const { times, points } = gridOf(series, span);
  return times.seconds.map((at, index) => ({ at: at * 1_000, percent: points[index]?.errorPercent ?? null }));
}

/** One group: who owns it, and who did. */
export function GroupScreen({ service, group }: { service: string; group: string }) {
  const [range, setRange] = useRange();
  const span = useSpan(range);
  const replayed = useReplay((s) => s.sequence);
  const paused = usePaused() || replayed !== null;
  const aggregate = `leadership.${service}.${group}`;
  const every = paused ? {} : { every: AGAIN_MS };
  const { data, error, again } = useQuery(
    LeadershipEvents,
    { aggregate, from: null, to: null, before: replayed === null ? null : String(BigInt(replayed) + 1n) },
    every,
  );
  const members = useQuery(Members, { service }, every);
  const series = useSeries({ service, instance: null }, span);
  // What came since the last answer stands in the tail already.
  const tail = useEvents((s) => s.events);
  const terms = useMemo(() => {
    const known = data?.events.nodes ?? [];
    const last = known.at(-1)?.sequence ?? 0;
    const fresh = paused
      ? []
      : (tail ?? []).filter((each) => each.aggregate === aggregate && each.sequence > last);
    return termsOf([...known, ...fresh]);
  }, [data, tail, aggregate, paused]);
  const errors = useMemo(
    () => (series.data && series.span ? errorsOf(series.data, series.span) : []),
    [series.data, series.span],
  );
  const last = terms.terms.at(-1);
  const owner = terms.open === null ? (last?.owner ?? null) : null;
  const gaps = terms.terms.flatMap(({ before }) =>
    before !== null && before.cause === "lost" && before.measuredMs !== null ? [before.measuredMs] : [],
  );
  const head = (
    <PageHead
      title={group}
      crumbs={[
        { label: "Leadership", to: "/leadership" },
        { label: service, to: servicePath(service) },
      ]}
      facts={
        last && (
          <>
            {owner === null ? (
              <span className="flex items-center gap-1 font-medium text-bad">
                <UserX aria-hidden="true" className="size-3.5" /> No owner
              </span>
            ) : (
              <span className="flex items-center gap-1 text-lead" data-testid="owner" data-owner={owner}>
                <Crown aria-hidden="true" className="size-3.5" />
                <InstanceLink service={service} instance={owner} />
              </span>
            )}
            <span className="shrink-0">
              term {String(last.term)} for <Age since={new Date(last.from).toISOString()} />
            </span>
            <span className="min-w-0 truncate text-muted-foreground">
              {terms.terms.length - 1} changes on record
              {gaps.length > 0 &&
                ` · recovery p50 ${formatSpan(quantile(gaps, 0.5) ?? 0)}, longest ${formatSpan(Math.max(...gaps))}`}
            </span>
          </>
        )
      }
      actions={
        <>
          {owner !== null && <StepDownButton service={service} group={group} owner={owner} />}
          <CopyLink />
        </>
      }
    />
  );
  if (!data) {
    return (
      <>
        {head}
        {error ? <ErrorView error={error} onRetry={again} /> : <Loading what={group} onRetry={again} />}
      </>
    );
  }
  if (!last) {
    return (
      <>
        {head}
        <Empty title={`Nothing is recorded of ${group} of ${service}.`} />
      </>
    );
  }
  return (
    <>
      {head}
      <div className="flex flex-col gap-3 px-4 pb-4 max-xl:px-3">
        {error && <Problem error={error} onRetry={again} />}
        <Panel title="Failover timeline" bodyClass="p-0">
          <Timeline
            group={group}
            terms={terms}
            members={members.data?.instances.nodes ?? []}
            span={span}
            errors={errors}
            onZoom={({ from, to }) =>
              setRange({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })
            }
          />
        </Panel>
        <Panel
          title="Terms"
          note={data.events.pageInfo.hasPreviousPage ? "the newest" : terms.terms.length}
          bodyClass="p-0"
        >
          <TermsTable service={service} terms={terms.terms} now={span.to} />
        </Panel>
      </div>
    </>
  );
}
