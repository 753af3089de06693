import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { count, plural } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import type { InstanceRowOf } from "@/shared/instances/documents";
import { TableHead } from "@/shared/instances/table/table-head";
import { SERVICES } from "@/shared/services/documents";
import { useServiceWindow } from "@/shared/services/use-service-window";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { useMoment } from "@/shared/url/moment";
import type { SetUrl } from "@/shared/url/use-url-state";
import { Members } from "./members";
import { type Rollup, rollupOfSummary } from "./rollups";
import { ServiceRow } from "./service-row";
import { type PastRollups, usePastRollups } from "./use-past-rollups";
import {
  isFiltered,
  isNarrowed,
  noFilter,
  type OverviewView,
  type overviewShape,
  serviceFilterOf,
} from "./view-state";

/** So many pages are followed; more services are found by the filter. */
const PAGES = 10;
/** A filter opens so many of the services that it finds. */
const OPENED = 8;

interface Props {
  past: PastRollups;
  view: OverviewView;
  set: SetUrl<typeof overviewShape>;
  onPeek: (instance: InstanceRowOf) => void;
}

/** All services, collapsed, those that need somebody first; a filter opens those that it finds. */
export function ServicesView(props: Props) {
  const moment = useMoment();
  const [pages, setPages] = useState(1);
  const [flipped, setFlipped] = useState<ReadonlySet<string>>(new Set());
  const filtered = isFiltered(props.view);
  const narrowed = isNarrowed(props.view);
  const filter = serviceFilterOf(props.view);
  const found = usePastRollups(filter, filtered);
  const first = useServiceWindow(moment === null ? { filter, first: SERVICES, offset: 0 } : null);
  const flip = useCallback(
    (service: string) =>
      setFlipped((before) => {
        const next = new Set(before);
        if (!next.delete(service)) next.add(service);
        return next;
      }),
    [],
  );
  const list = { ...props, flipped, onFlip: flip, narrowed };
  if (moment !== null) {
    const { rollups, total, error, again } = filtered ? found : props.past;
    if (rollups === null)
      return error ? <ErrorView error={error} onRetry={again} /> : <Loading what="the services" />;
    if (rollups.length === 0) return <Nothing filtered={filtered} onClear={() => props.set(noFilter)} />;
    const some = rollups.length < total ? ` · the first ${count(rollups.length)} stand here` : "";
    return (
      <Frame footer={`${plural(total, "service")}${some}`}>
        <Rows rollups={rollups} offset={0} {...list} />
      </Frame>
    );
  }
  if (first.error) return <ErrorView error={first.error} />;
  if (first.page === null) return <Loading what="the services" />;
  const { total } = first.page;
  if (total === 0) return <Nothing filtered={filtered} onClear={() => props.set(noFilter)} />;
  const more = pages < PAGES && pages * SERVICES < total;
  return (
    <Frame
      footer={
        <>
          <span data-testid="list-count">{plural(total, "service")}</span>
          {more && <More onSeen={() => setPages((n) => n + 1)} />}
          {!more && pages * SERVICES < total && (
            <span>· the first {count(pages * SERVICES)} stand here: filter for others</span>
          )}
        </>
      }
    >
      <Rows rollups={first.page.rows.map(rollupOfSummary)} offset={0} {...list} />
      {Array.from({ length: pages - 1 }, (_, index) => (index + 1) * SERVICES).map((offset) => (
        <PageOf key={offset} offset={offset} {...list} />
      ))}
    </Frame>
  );
}

function Frame({ children, footer }: { children: ReactNode; footer: ReactNode }) {
  return (
    <section aria-label="Services" className="@container">
      <table className="w-full table-fixed border-collapse">
        <TableHead sort={null} onSort={() => {}} className="top-10" />
        {children}
      </table>
      <footer className="flex h-8 items-center gap-2 px-4 text-muted-foreground text-xs max-xl:px-3">
        {footer}
      </footer>
    </section>
  );
}

type List = Props & {
  flipped: ReadonlySet<string>;
  onFlip: (service: string) => void;
  narrowed: boolean;
};

/** A page after the first one, followed by itself. */
function PageOf({ offset, ...list }: List & { offset: number }) {
  const { page } = useServiceWindow({ filter: serviceFilterOf(list.view), first: SERVICES, offset });
  return page && <Rows rollups={page.rows.map(rollupOfSummary)} offset={offset} {...list} />;
}

function Rows({
  rollups,
  offset,
  view,
  set,
  onPeek,
  flipped,
  onFlip,
  narrowed,
}: List & { rollups: readonly Rollup[]; offset: number }) {
  const truth = useTruth();
  return rollups.map((rollup, index) => {
    const byFilter = narrowed && offset + index < OPENED;
    const open = flipped.has(rollup.service) ? !byFilter : byFilter;
    return (
      <tbody key={rollup.service}>
        <ServiceRow rollup={rollup} open={open} onToggle={onFlip} truth={truth} />
        {open && (
          <Members
            service={rollup.service}
            view={view}
            onPeek={onPeek}
            onAll={() => set({ view: "instances", service: rollup.service })}
          />
        )}
      </tbody>
    );
  });
}

/** Asks for the next page when it comes into sight. */
function More({ onSeen }: { onSeen: () => void }) {
  const ref = useRef<HTMLSpanElement>(null);
  const seen = useRef(onSeen);
  seen.current = onSeen;
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && seen.current());
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return <span ref={ref}>Loading more…</span>;
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (!filtered) {
    return (
      <Empty title="No service is known yet.">
        <p>A service appears here as soon as one of its instances registers, or somebody defines it.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No service matches.">
      <Button variant="outline" onClick={onClear}>
        Clear filters
      </Button>
    </Empty>
  );
}
