import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { count } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import type { Instance } from "@/shared/instances/documents";
import { orderByOf } from "@/shared/instances/order";
import { columns } from "@/shared/instances/table/columns";
import { InstanceRow, ROW_PX } from "@/shared/instances/table/instance-row";
import { TableHead } from "@/shared/instances/table/table-head";
import { useInstanceWindow, type WindowQuery } from "@/shared/instances/use-instance-window";
import { useSteady } from "@/shared/instances/use-steady";
import type { Page } from "@/shared/instances/window";
import { useNow } from "@/shared/time/clock";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import type { SetUrl } from "@/shared/url/use-url-state";
import { useRowKeys } from "./use-row-keys";
import { filterOf, isFiltered, noFilter, type OverviewView, type overviewShape } from "./view-state";

/** Rows are asked for in blocks, so that a short scroll asks for nothing. */
const BLOCK = 50;
const REST_MS = 80;

interface Props {
  view: OverviewView;
  set: SetUrl<typeof overviewShape>;
  /** How many there are without the filter. */
  everything: number;
  onPeek: (instance: Instance) => void;
  onPage: (page: Page) => void;
}

/** The list of instances: the server filters, orders and sends what is in sight. */
export function InstancesView({ view, set, everything, onPeek, onPage }: Props) {
  const [range, setRange] = useState({ offset: 0, first: 2 * BLOCK });
  const query: WindowQuery = { filter: filterOf(view), orderBy: orderByOf(view.sort), ...range };
  const { page, error, current } = useInstanceWindow(query);
  const [touched, setTouched] = useState(false);
  const list = useRef<HTMLElement>(null);
  const scroller = useRef<HTMLElement | null>(null);
  const [margin, setMargin] = useState(0);
  const total = page?.total ?? 0;
  const offset = useShownOffset(range.offset, current);
  const key = JSON.stringify({ ...query, offset });
  const { rows, figures, changed, apply } = useSteady(page?.rows ?? [], key, touched);
  const truth = useTruth();
  const now = useNow();
  useEffect(() => {
    if (page) onPage(page);
  }, [page, onPage]);
  useEffect(() => {
    scroller.current = document.getElementById("content");
    setMargin(list.current?.offsetTop ?? 0);
  });
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
    scrollMargin: margin,
    initialRect: { width: 1000, height: 700 },
  });
  const items = virtual.getVirtualItems();
  const begin = items[0]?.index ?? 0;
  const end = items.at(-1)?.index ?? 0;
  useEffect(() => {
    const from = Math.max(0, Math.floor((begin - BLOCK / 2) / BLOCK)) * BLOCK;
    const to = Math.ceil((end + BLOCK / 2) / BLOCK) * BLOCK;
    const next = { offset: from, first: Math.min(500, Math.max(2 * BLOCK, to - from)) };
    if (next.offset === range.offset && next.first === range.first) return;
    const timer = setTimeout(() => setRange(next), REST_MS);
    return () => clearTimeout(timer);
  }, [begin, end, range]);
  const onKeyDown = useRowKeys();

  if (page === null) return error ? <ErrorView error={error} /> : <Loading what="the instances" rows={16} />;
  if (error) return <ErrorView error={error} />;
  if (total === 0 && !isFiltered(view)) return <NoInstance />;
  const above = (items[0]?.start ?? margin) - margin;
  const below = virtual.getTotalSize() - ((items.at(-1)?.end ?? margin) - margin);
  return (
    <section
      ref={list}
      aria-label="Instances"
      className="@container"
      onPointerEnter={() => setTouched(true)}
      onPointerLeave={() => setTouched(false)}
      onKeyDown={onKeyDown}
    >
      <table aria-rowcount={total + 1} className="w-full table-fixed border-collapse">
        <TableHead sort={view.sort} onSort={(sort) => set({ sort })} className="top-10" />
        <tbody>
          {above > 0 && <Spacer px={above} />}
          {items.map((item) => {
            const instance = rows[item.index - offset];
            if (!instance) return <Spacer key={item.key} px={ROW_PX} line />;
            return (
              <InstanceRow
                key={instance.id}
                instance={instance}
                figures={figures.get(instance.id) ?? instance.metrics}
                truth={truth}
                now={now}
                index={item.index}
                selected={instance.id === view.peek}
                withService
                onPeek={onPeek}
              />
            );
          })}
          {below > 0 && <Spacer px={below} />}
        </tbody>
      </table>
      {total === 0 && (
        <Empty title={`0 of ${count(everything)} match.`}>
          <Button variant="outline" onClick={() => set(noFilter)}>
            Clear filters
          </Button>
        </Empty>
      )}
      <footer className="sticky bottom-0 flex h-8 items-center gap-2 border-border border-t bg-background px-4 text-muted-foreground text-xs max-xl:px-3">
        <span data-testid="list-count">
          {total === everything
            ? `${count(total)} instances`
            : `${count(total)} of ${count(everything)} instances · ${count(Math.max(0, everything - total))} filtered out`}
        </span>
        {changed && touched && (
          <Button variant="ghost" className="h-6 font-normal" onClick={apply}>
            Order changed, apply
          </Button>
        )}
        <span className="ml-auto">Figures of the last heartbeat, renewed every 5 s</span>
      </footer>
    </section>
  );
}

/** The offset of the rows that stand: those asked for last may still be on the way. */
function useShownOffset(asked: number, current: boolean): number {
  const shown = useRef(asked);
  if (current) shown.current = asked;
  return shown.current;
}

function Spacer({ px, line = false }: { px: number; line?: boolean }) {
  return (
    <tr className={line ? "border-border border-b bg-card" : undefined}>
      <td colSpan={columns.length} style={{ height: px }} className="p-0" />
    </tr>
  );
}

function NoInstance() {
  return (
    <Empty title="No instance has registered yet.">
      <p>Each appears here within a second of its start.</p>
    </Empty>
  );
}
