import { useEffect } from "react";
import { Button } from "@/components/ui/button";
import { count } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import { type InstanceRowOf, WINDOW } from "@/shared/instances/documents";
import { bySeverity, orderByOf } from "@/shared/instances/order";
import { InstanceRow } from "@/shared/instances/table/instance-row";
import { TableHead } from "@/shared/instances/table/table-head";
import { useInstanceWindow } from "@/shared/instances/use-instance-window";
import { useSteady } from "@/shared/instances/use-steady";
import type { Page } from "@/shared/instances/window";
import { useNow } from "@/shared/time/clock";
import { ServiceLink } from "@/shared/ui/object-link";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import type { SetUrl } from "@/shared/url/use-url-state";
import { WIDTH } from "./service-row";
import { filterOf, noFilter, type OverviewView, type overviewShape } from "./view-state";

function byService(rows: readonly InstanceRowOf[]): Map<string, InstanceRowOf[]> {
  const services = new Map<string, InstanceRowOf[]>();
  for (const row of rows) {
    const members = services.get(row.service);
    if (members) members.push(row);
    else services.set(row.service, [row]);
  }
  return services;
}

interface Props {
  view: OverviewView;
  set: SetUrl<typeof overviewShape>;
  everything: number;
  onPeek: (instance: InstanceRowOf) => void;
  onPage: (page: Page) => void;
}

/** What a filter finds, under its services. */
export function MatchesView({ view, set, everything, onPeek, onPage }: Props) {
  const { page, error } = useInstanceWindow({
    filter: filterOf(view),
    orderBy: orderByOf(bySeverity),
    first: WINDOW,
    offset: 0,
  });
  const truth = useTruth();
  const now = useNow();
  const { rows, figures } = useSteady(page?.rows ?? [], JSON.stringify(filterOf(view)), false);
  useEffect(() => {
    if (page) onPage(page);
  }, [page, onPage]);
  if (page === null) return error ? <ErrorView error={error} /> : <Loading what="the instances" />;
  const services = byService(rows);
  return (
    <section aria-label="Instances" className="@container">
      <table className="w-full table-fixed border-collapse">
        <TableHead sort={null} onSort={() => {}} className="top-10" />
        {[...services].map(([service, members]) => (
          <tbody key={service}>
            <tr
              className="h-7 border-input border-t bg-card"
              data-testid="service-row"
              data-service={service}
            >
              <th scope="rowgroup" colSpan={WIDTH} className="px-2 text-left">
                <ServiceLink service={service} className="font-semibold" />{" "}
                <span className="font-normal text-muted-foreground">
                  {members.length} {members.length === 1 ? "matches" : "match"}
                </span>
              </th>
            </tr>
            {members.map((instance, index) => (
              <InstanceRow
                key={instance.id}
                instance={instance}
                figures={figures.get(instance.id) ?? instance.metrics}
                truth={truth}
                now={now}
                index={index}
                selected={instance.id === view.peek}
                withService={false}
                onPeek={onPeek}
              />
            ))}
          </tbody>
        ))}
      </table>
      {rows.length === 0 && (
        <Empty title={`0 of ${count(everything)} match.`}>
          <Button variant="outline" onClick={() => set(noFilter)}>
            Clear filters
          </Button>
        </Empty>
      )}
      <footer className="flex h-8 items-center gap-2 px-4 text-muted-foreground text-xs max-xl:px-3">
        <span data-testid="list-count">
          {count(page.total)} of {count(everything)} instances · {count(Math.max(0, everything - page.total))}{" "}
          filtered out
        </span>
        {page.total > rows.length && (
          <Button variant="ghost" className="h-6 font-normal" onClick={() => set({ view: "instances" })}>
            First {rows.length} shown; all as a list
          </Button>
        )}
      </footer>
    </section>
  );
}
