import { useState } from "react";
import { useNavigate } from "react-router";
import { plural } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import { orderByOf, sortCodec } from "@/shared/instances/order";
import { InstanceRow } from "@/shared/instances/table/instance-row";
import { TableHead } from "@/shared/instances/table/table-head";
import { useInstanceWindow } from "@/shared/instances/use-instance-window";
import { useSteady } from "@/shared/instances/use-steady";
import { useNow } from "@/shared/time/clock";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { instancePath, useKeeping } from "@/shared/url/links";
import { useUrlState } from "@/shared/url/use-url-state";

/** As many as are followed at a time; more are in the list of the overview. */
const SHOWN = 500;
const shape = { sort: sortCodec };

/** All instances of the service, in the order that the server keeps. */
export function InstancesTab({ service }: { service: string }) {
  const [{ sort }, set] = useUrlState(shape);
  const query = { filter: { service }, orderBy: orderByOf(sort), first: SHOWN, offset: 0 };
  const { page, error } = useInstanceWindow(query);
  const [touched, setTouched] = useState(false);
  const { rows, figures } = useSteady(page?.rows ?? [], JSON.stringify(query), touched);
  const truth = useTruth();
  const now = useNow();
  const navigate = useNavigate();
  const keeping = useKeeping();
  if (error) return <ErrorView error={error} />;
  if (page === null) return <Loading what="the instances" />;
  if (page.total === 0) return <Empty title="No instance of it is in the registry." />;
  return (
    <section
      aria-label="Instances"
      className="@container overflow-x-clip rounded border border-border"
      onPointerEnter={() => setTouched(true)}
      onPointerLeave={() => setTouched(false)}
    >
      <table aria-rowcount={page.total + 1} className="w-full table-fixed border-collapse">
        <TableHead sort={sort} onSort={(next) => set({ sort: next })} className="top-0" />
        <tbody>
          {rows.map((instance, index) => (
            <InstanceRow
              key={instance.id}
              instance={instance}
              figures={figures.get(instance.id) ?? instance.metrics}
              truth={truth}
              now={now}
              index={index}
              selected={false}
              withService={false}
              onPeek={(each) => void navigate(keeping(instancePath(each.service, each.instance)))}
            />
          ))}
        </tbody>
      </table>
      <footer className="flex h-8 items-center bg-card px-3 text-muted-foreground text-xs">
        {plural(page.total, "instance")}
        <span className="ml-auto">Figures of the last heartbeat, renewed every 5 s</span>
      </footer>
    </section>
  );
}
