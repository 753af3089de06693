import { ArrowUp } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import type { Event } from "@/shared/events/documents";
import { ExportButton } from "@/shared/events/export-button";
import { Footer, Header } from "@/shared/events/list-ends";
import { useLog } from "@/shared/events/use-log";
import { useSpan } from "@/shared/events/use-span";
import { count } from "@/shared/figures/format";
import type { Whole } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { useReplay } from "@/shared/replay/store";
import { useZone } from "@/shared/time/zone";
import { CopyLink } from "@/shared/ui/copy-link";
import { PageHead } from "@/shared/ui/page-head";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { useUrlState } from "@/shared/url/use-url-state";
import { ChainHead } from "@/shared/verification/chain-head";
import { Chips } from "./chips";
import { DensityStrip } from "./density-strip";
import { Density } from "./documents";
import { EventDetail } from "./event-detail";
import { EventTable } from "./event-table";
import { rowsOf } from "./rows";
import { Toolbar } from "./toolbar";
import { useHold } from "./use-hold";
import { ValueMenu } from "./value-menu";
import { eventsShape, type Filter, isFiltered, matches, noFilter, toServer } from "./view-state";

const PARTS = 160;

/** The log by sequence, newest first: the live tail on top of pages of history. */
export function EventsScreen() {
  const [view, set] = useUrlState(eventsShape);
  const { window, span, live, set: setSpan } = useSpan();
  const zone = useZone((s) => s.zone);
  const filter = useMemo(() => toServer(view, span), [view, span]);
  const takes = useCallback((event: Event) => matches(event, view), [view]);
  const until = useReplay((s) => s.sequence);
  const held = useRef(false);
  const log = useLog({ filter, takes, top: view.top, live, until, held });
  const { shown, waiting, hold, release } = useHold(log.events, held);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const frame = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(shown, opened, zone), [shown, opened, zone]);
  const density = useQuery(Density, { filter: toServer(view, window), points: PARTS });
  const select = useCallback((event: Whole) => set({ event }), [set]);
  const narrow = (change: Partial<Filter>): void => set({ ...change, top: null });
  const jump = (sequence: Whole): void => set({ top: sequence, event: sequence });
  const toTop = (): void => {
    release();
    if (view.top !== null) set({ top: null });
    else if (log.newer !== null) log.again();
    frame.current?.querySelector("section")?.scrollTo({ top: 0 });
  };
  const toggle = useCallback(
    (key: string) =>
      setOpened((all) => {
        const next = new Set(all);
        if (!next.delete(key)) next.add(key);
        return next;
      }),
    [],
  );
  const filtered = isFiltered(view) || span !== null;
  const at = shown.findIndex(({ sequence }) => sequence === view.event);
  const [older, newer] = at < 0 ? [undefined, undefined] : [shown[at - 1], shown[at + 1]];

  const list = (): React.ReactNode => {
    if (log.events.length > 0) {
      return (
        <EventTable
          rows={rows}
          selected={view.event}
          pinned={waiting > 0 || log.newer !== null || view.top !== null}
          onSelect={select}
          onToggle={toggle}
          onAway={hold}
          header={<Header log={log} onTop={toTop} />}
          footer={<Footer log={log} filtered={filtered} />}
        />
      );
    }
    if (log.loading === "all") return <Loading what="events" onRetry={log.again} />;
    if (log.error) return <ErrorView error={log.error} onRetry={log.again} />;
    return (
      <Empty title={filtered ? "No event matches." : "Nothing is recorded yet."}>
        {filtered && (
          <Button
            variant="outline"
            onClick={() => {
              set({ ...noFilter, top: null });
              setSpan(null);
            }}
          >
            Clear filters
          </Button>
        )}
      </Empty>
    );
  };

  return (
    <div className="flex min-h-0 flex-1 flex-col" ref={frame}>
      <PageHead
        title="Events"
        facts={<ChainHead />}
        actions={
          <>
            <CopyLink />
            <ExportButton filter={filter} name="events" />
          </>
        }
      />
      <Toolbar
        view={view}
        window={window}
        onType={(q) => set({ q, top: null }, { replace: true })}
        onFilter={narrow}
        onJump={jump}
      />
      <Chips
        view={view}
        span={span && (live ? { ...span, to: window.to } : span)}
        onFilter={narrow}
        onSpan={setSpan}
      />
      <DensityStrip window={window} density={density.data?.eventDensity ?? null} onSpan={setSpan} />
      <div className="relative flex min-h-0 flex-1">
        <div className="relative flex min-h-40 min-w-0 flex-1 flex-col">
          {waiting > 0 && (
            <Button
              className="absolute top-9 left-1/2 z-10 -translate-x-1/2 rounded-full shadow-md"
              onClick={toTop}
            >
              <ArrowUp aria-hidden="true" /> {count(waiting)} new
            </Button>
          )}
          {list()}
        </div>
        {view.event !== null && (
          <EventDetail
            key={String(view.event)}
            sequence={view.event}
            event={shown[at]}
            onNewer={newer ? () => select(newer.sequence) : null}
            onOlder={older ? () => select(older.sequence) : null}
            onClose={() => set({ event: null })}
          />
        )}
      </div>
      <ValueMenu view={view} onFilter={narrow} />
    </div>
  );
}
