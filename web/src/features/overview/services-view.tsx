import { useState } from "react";
import { Button } from "@/components/ui/button";
import { plural } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import { type InstanceRowOf, WINDOW } from "@/shared/instances/documents";
import { bySeverity, orderByOf } from "@/shared/instances/order";
import { InstanceRow } from "@/shared/instances/table/instance-row";
import { TableHead } from "@/shared/instances/table/table-head";
import { useInstanceWindow } from "@/shared/instances/use-instance-window";
import { useSteady } from "@/shared/instances/use-steady";
import { useNow } from "@/shared/time/clock";
import { Empty, ErrorView, Loading, Problem } from "@/shared/ui/states";
import type { SetUrl } from "@/shared/url/use-url-state";
import type { Rollup } from "./rollups";
import { ServiceRow, WIDTH } from "./service-row";
import type { Rollups } from "./use-rollups";
import type { OverviewView, overviewShape } from "./view-state";

interface Props {
  all: Rollups;
  view: OverviewView;
  set: SetUrl<typeof overviewShape>;
  onPeek: (instance: InstanceRowOf) => void;
}

/** All services, collapsed, those that need somebody first. */
export function ServicesView({ all, view, set, onPeek }: Props) {
  const { rollups, error, again } = all;
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const truth = useTruth();
  const now = useNow();
  if (rollups === null) {
    return error ? (
      <ErrorView error={error} onRetry={again} />
    ) : (
      <Loading what="the services" onRetry={again} />
    );
  }
  if (rollups.length === 0) return <NoService />;
  const toggle = (service: string): void => {
    const next = new Set(open);
    if (!next.delete(service)) next.add(service);
    setOpen(next);
  };
  return (
    <section aria-label="Services" className="@container">
      {error && <Problem error={error} onRetry={again} />}
      <table className="w-full table-fixed border-collapse">
        <TableHead sort={null} onSort={() => {}} className="top-10" />
        {rollups.map((rollup) => (
          <tbody key={rollup.service}>
            <ServiceRow
              rollup={rollup}
              open={open.has(rollup.service)}
              onToggle={() => toggle(rollup.service)}
              truth={truth}
              now={now}
            />
            {open.has(rollup.service) && (
              <Members
                rollup={rollup}
                peek={view.peek}
                onPeek={onPeek}
                onAll={() => set({ view: "instances", service: rollup.service })}
              />
            )}
          </tbody>
        ))}
      </table>
      <footer className="flex h-8 items-center px-4 text-muted-foreground text-xs max-xl:px-3">
        {plural(rollups.length, "service")} ·{" "}
        {plural(
          rollups.reduce((sum, each) => sum + each.instances, 0),
          "instance",
        )}
      </footer>
    </section>
  );
}

interface MembersProps {
  rollup: Rollup;
  peek: string;
  onPeek: (instance: InstanceRowOf) => void;
  onAll: () => void;
}

function Members({ rollup, peek, onPeek, onAll }: MembersProps) {
  const { service } = rollup;
  const { page, error } = useInstanceWindow({
    filter: { service },
    orderBy: orderByOf(bySeverity),
    first: WINDOW,
    offset: 0,
  });
  const truth = useTruth();
  const now = useNow();
  const { rows, figures } = useSteady(page?.rows ?? [], service, false);
  const line = (content: React.ReactNode): React.ReactNode => (
    <tr className="h-7 bg-card">
      <td colSpan={WIDTH} className="px-6 text-muted-foreground">
        {content}
      </td>
    </tr>
  );
  if (error) return line(`${error.message} (${error.code})`);
  if (page === null) return line("Loading…");
  return (
    <>
      {rows.map((instance, index) => (
        <InstanceRow
          key={instance.id}
          instance={instance}
          figures={figures.get(instance.id) ?? instance.metrics}
          truth={truth}
          now={now}
          index={index}
          selected={instance.id === peek}
          withService={false}
          onPeek={onPeek}
        />
      ))}
      {page.total > rows.length &&
        line(
          <Button variant="ghost" className="h-6" onClick={onAll}>
            All {plural(page.total, "instance")} of {service}
          </Button>,
        )}
    </>
  );
}

function NoService() {
  return (
    <Empty title="No service is known yet.">
      <p>A service appears here as soon as one of its instances registers, or somebody defines it.</p>
    </Empty>
  );
}
