import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { plural } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import { type InstanceRowOf, WINDOW } from "@/shared/instances/documents";
import { bySeverity, orderByOf } from "@/shared/instances/order";
import { InstanceRow } from "@/shared/instances/table/instance-row";
import { useInstanceWindow } from "@/shared/instances/use-instance-window";
import { useSteady } from "@/shared/instances/use-steady";
import { useLostLeases } from "@/shared/leases/use-lost-leases";
import { noLimits } from "@/shared/limits/limits";
import { useLimits } from "@/shared/limits/store";
import { useInstancesSince } from "@/shared/limits/use-instances-since";
import { useNow } from "@/shared/time/clock";
import { WIDTH } from "./service-row";
import { filterOf, type OverviewView } from "./view-state";

interface Props {
  service: string;
  view: OverviewView;
  onPeek: (instance: InstanceRowOf) => void;
  /** To the list of all of them. */
  onAll: () => void;
}

/** The instances of an opened service that the filter takes. */
export function Members({ service, view, onPeek, onAll }: Props) {
  const filter = filterOf({ ...view, service });
  // A text that is found in the name of the service finds all of its instances.
  const { page, error } = useInstanceWindow({
    filter,
    orderBy: orderByOf(bySeverity),
    first: WINDOW,
    offset: 0,
  });
  const truth = useTruth();
  const lost = useLostLeases();
  const all = useLimits();
  const limits = all.get(service) ?? noLimits;
  const now = useNow();
  const { rows, figures } = useSteady(page?.rows ?? [], JSON.stringify(filter), false);
  const since = useInstancesSince(rows, all, now);
  const line = (content: ReactNode): ReactNode => (
    <tr className="h-row bg-card">
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
          figures={figures.get(instance.id) ?? instance}
          truth={truth}
          now={now}
          index={index}
          selected={instance.id === view.peek}
          withService={false}
          limits={limits}
          beyond={since.get(instance.id)}
          leaseLostAt={lost.get(instance.id)}
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
