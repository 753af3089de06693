import { Crown, UserX } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { onNewEvents } from "@/shared/events/store";
import { whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { useLostLeases } from "@/shared/leases/use-lost-leases";
import { usePaused } from "@/shared/live/pause";
import type { Series } from "@/shared/metrics/documents";
import { gridOf } from "@/shared/metrics/grid";
import { useSeries, useSpan } from "@/shared/metrics/use-series";
import { MaintenanceButton } from "@/shared/plans/maintenance-button";
import { PlansStrip } from "@/shared/plans/plans-strip";
import { usePlans } from "@/shared/plans/use-plans";
import { useReplay } from "@/shared/replay/store";
import { Age } from "@/shared/time/age";
import { isLive, type Window } from "@/shared/time/range";
import { useRange } from "@/shared/time/use-range";
import { CopyLink } from "@/shared/ui/copy-link";
import { InstanceLink } from "@/shared/ui/object-link";
import { PageHead } from "@/shared/ui/page-head";
import { Panel } from "@/shared/ui/panel";
import { Empty, ErrorView, Loading, Problem } from "@/shared/ui/states";
import { servicePath } from "@/shared/url/links";
import { DayFacts } from "./day-facts";
import { Members, TermsOf } from "./documents";
import { LeaseHealth } from "./lease-health";
import { MembersPanel } from "./members-panel";
import { StepDownButton } from "./step-down";
import { SwitchoverButton } from "./switchover";
import { termsFrom } from "./terms";
import { TermsTable } from "./terms-table";
import { Timeline } from "./timeline/timeline";
import { useLeases } from "./use-leases";
import { useUnwell } from "./use-unwell";

const AGAIN_MS = 5_000;

/** The errors of each window in percent; null where nothing came, so that the line is broken there. */
function errorsOf(series: Series, span: Window): { at: number; percent: number | null }[] {
  const { times, points } = gridOf(series, span);
  return times.seconds.map((at, index) => ({ at: at * 1_000, percent: points[index]?.errorPercent ?? null }));
}

/** Asks again as soon as the log tells of a change of this group. */
function useChanges(service: string, group: string, paused: boolean, again: () => void): void {
  const latest = useRef(again);
  latest.current = again;
  useEffect(() => {
    if (paused) return;
    const aggregate = `leadership.${service}.${group}`;
    return onNewEvents((events) => {
      if (events.some((event) => event.aggregate === aggregate)) latest.current();
    });
  }, [service, group, paused]);
}

/** Those of one service, by instance alone. */
const ofService = (lost: ReadonlyMap<string, number>, service: string): ReadonlyMap<string, number> =>
  new Map(
    [...lost]
      .filter(([id]) => id.startsWith(`${service}/`))
      .map(([id, at]) => [id.slice(service.length + 1), at]),
  );

/** One group: who owns it, and who did. */
export function GroupScreen({ service, group }: { service: string; group: string }) {
  const [range, setRange] = useRange();
  const span = useSpan(range);
  const replayed = useReplay((s) => s.sequence);
  const paused = usePaused() || replayed !== null;
  const every = paused ? {} : { every: AGAIN_MS };
  const before = replayed === null ? null : BigInt(replayed) + 1n;
  const { data, error, again } = useQuery(
    TermsOf,
    { service, group, before: before === null ? null : whole(String(before)) },
    every,
  );
  useChanges(service, group, paused, again);
  const members = useQuery(Members, { service }, every);
  const series = useSeries({ service, instance: null }, span);
  const terms = useMemo(() => termsFrom(data?.terms.nodes ?? []), [data]);
  const errors = useMemo(
    () => (series.data && series.span ? errorsOf(series.data, series.span) : []),
    [series.data, series.span],
  );
  const names = (members.data?.instances.nodes ?? []).map(({ instance }) => instance);
  const unwell = useUnwell(service, names, span);
  const [switchover] = usePlans({ service, group }).switchovers;
  const planned = switchover ? { at: Date.parse(switchover.at), to: switchover.to } : null;
  const lost = useLostLeases();
  const lostOf = useMemo(() => ofService(lost, service), [lost, service]);
  const last = terms.terms.at(-1);
  const owner = terms.open === null ? (last?.owner ?? null) : null;
  const lease = useLeases(owner === null ? [] : [`${service}/${owner}`]).get(`${service}/${owner ?? ""}`);
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
          </>
        )
      }
      actions={
        <>
          <MaintenanceButton service={service} group={group} />
          {owner !== null && (
            <>
              <SwitchoverButton service={service} group={group} owner={owner} />
              <StepDownButton service={service} group={group} owner={owner} />
            </>
          )}
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
      <PlansStrip service={service} group={group} />
      <DayFacts
        service={service}
        group={group}
        first={owner !== null ? { name: "Lease at worst", value: <LeaseHealth lease={lease} /> } : undefined}
      />
      <div className="flex flex-col gap-3 px-4 pb-4 max-xl:px-3">
        {error && <Problem error={error} onRetry={again} />}
        <Panel title="Failover timeline" bodyClass="p-0">
          <Timeline
            group={group}
            terms={terms}
            members={members.data?.instances.nodes ?? []}
            span={span}
            errors={errors}
            live={isLive(range) && replayed === null}
            unwell={unwell}
            lost={lostOf}
            planned={planned}
            onZoom={({ from, to }) =>
              setRange({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })
            }
          />
        </Panel>
        <MembersPanel service={service} group={group} owner={owner} />
        <Panel
          title="Terms"
          note={data.terms.more ? `the newest ${terms.terms.length}` : terms.terms.length}
          bodyClass="p-0"
        >
          <TermsTable service={service} terms={terms.terms} now={span.to} />
        </Panel>
      </div>
    </>
  );
}
