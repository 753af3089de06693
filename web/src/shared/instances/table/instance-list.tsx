import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { useRowHeight } from "@/shared/density/density";
import { count } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import { useLostLeases } from "@/shared/leases/use-lost-leases";
import { noLimits } from "@/shared/limits/limits";
import { useLimits } from "@/shared/limits/store";
import { useInstancesSince } from "@/shared/limits/use-instances-since";
import { useNow } from "@/shared/time/clock";
import { ErrorView, Loading } from "@/shared/ui/states";
import { type InstanceRowOf, WINDOW } from "../documents";
import { orderByOf, type Sort } from "../order";
import { useInstanceWindow, type WindowQuery } from "../use-instance-window";
import { useSteady } from "../use-steady";
import type { Page } from "../window";
import { columns } from "./columns";
import type { Choice } from "./instance-cells";
import { InstanceRow } from "./instance-row";
import { TableHead } from "./table-head";
import { useRowKeys } from "./use-row-keys";

/** Windows begin at multiples of that, so that a short scroll asks for nothing. */
const BLOCK = 10;
/** Rows that are asked for above those in sight. */
const ABOVE = 8;
const REST_MS = 80;

interface Props {
  filter: WindowQuery["filter"];
  sort: Sort;
  onSort: (sort: Sort) => void;
  /** How many there are without the filter. */
  everything: number;
  peek: string;
  /** Whether the service stands before each name. */
  withService: boolean;
  onPeek: (instance: InstanceRowOf) => void;
  onPage?: (page: Page) => void;
  /** What stands there when there is none. */
  empty: ReactNode;
  /** Where the head stops when the page is scrolled. */
  headClass: string;
  /** What is ticked; without it nothing can be. */
  choice?: Choice;
}

/** A list of instances of any length: the server filters, orders and sends what is in sight. */
export function InstanceList(props: Props) {
  const { filter, sort, onSort, everything, peek, withService, onPeek, onPage, empty, headClass, choice } =
    props;
  const [asked, setAsked] = useState(0);
  const query: WindowQuery = { filter, orderBy: orderByOf(sort), first: WINDOW, offset: asked };
  const { page, error, current } = useInstanceWindow(query);
  const [touched, setTouched] = useState(false);
  const list = useRef<HTMLElement>(null);
  const scroller = useRef<HTMLElement | null>(null);
  const [margin, setMargin] = useState(0);
  const total = page?.total ?? 0;
  const offset = useShownOffset(asked, current);
  const { rows, figures, changed, apply } = useSteady(
    page?.rows ?? [],
    JSON.stringify({ filter, sort, offset }),
    touched,
  );
  const truth = useTruth();
  const lost = useLostLeases();
  const limits = useLimits();
  const now = useNow();
  const since = useInstancesSince(rows, limits, now);
  const onKeyDown = useRowKeys();
  useEffect(() => {
    if (page) onPage?.(page);
  }, [page, onPage]);
  useEffect(() => {
    scroller.current = document.getElementById("content");
    setMargin(list.current?.offsetTop ?? 0);
  });
  const rowPx = useRowHeight();
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 4,
    scrollMargin: margin,
    initialRect: { width: 1000, height: 700 },
  });
  useEffect(() => {
    if (rowPx > 0) virtual.measure();
  }, [virtual, rowPx]);
  const items = virtual.getVirtualItems();
  const begin = items[0]?.index ?? 0;
  useEffect(() => {
    const next = Math.max(0, Math.floor((begin - ABOVE) / BLOCK) * BLOCK);
    if (next === asked) return;
    const timer = setTimeout(() => setAsked(next), REST_MS);
    return () => clearTimeout(timer);
  }, [begin, asked]);

  if (error) return <ErrorView error={error} />;
  if (page === null) return <Loading what="the instances" rows={16} />;
  if (total === 0) return empty;
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
        <TableHead sort={sort} onSort={onSort} className={headClass} />
        <tbody>
          {above > 0 && <Spacer px={above} />}
          {items.map((item) => {
            const instance = rows[item.index - offset];
            if (!instance) return <Spacer key={item.key} px={rowPx} line />;
            return (
              <InstanceRow
                key={instance.id}
                instance={instance}
                figures={figures.get(instance.id) ?? instance}
                truth={truth}
                now={now}
                index={item.index}
                selected={instance.id === peek}
                withService={withService}
                limits={limits.get(instance.service) ?? noLimits}
                beyond={since.get(instance.id)}
                leaseLostAt={lost.get(instance.id)}
                choice={choice}
                onPeek={onPeek}
              />
            );
          })}
          {below > 0 && <Spacer px={below} />}
        </tbody>
      </table>
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
        <span className="ml-auto max-lg:hidden">Figures of the last minute, renewed every 5 s</span>
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
