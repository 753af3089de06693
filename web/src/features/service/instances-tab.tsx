import { useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { BulkDrain } from "@/shared/actions/bulk-drain";
import { ChosenBar } from "@/shared/bulk/chosen-bar";
import { isList } from "@/shared/bulk/load-all";
import { useChosen } from "@/shared/bulk/use-chosen";
import type { InstanceRowOf } from "@/shared/instances/documents";
import { sortCodec } from "@/shared/instances/order";
import { InstanceList } from "@/shared/instances/table/instance-list";
import type { Page } from "@/shared/instances/window";
import { hasEnded, type InstanceStatus } from "@/shared/status/status";
import { minimumOf } from "@/shared/status/worst";
import { Empty } from "@/shared/ui/states";
import { instancePath, useKeeping } from "@/shared/url/links";
import { useUrlState } from "@/shared/url/use-url-state";
import { loadInstances } from "./load-instances";
import type { Seen } from "./use-service";

const shape = { sort: sortCodec };

/** How many of them have not ended. */
const livingOf = (counts: ReadonlyMap<InstanceStatus, number>): number =>
  [...counts].reduce((sum, [status, count]) => (hasEnded(status) ? sum : sum + count), 0);

/** All instances of the service, in the order that the server keeps; many can be drained at once. */
export function InstancesTab({ seen: { service, page } }: { seen: Seen }) {
  const [{ sort }, set] = useUrlState(shape);
  const [shown, setShown] = useState<Page | null>(null);
  const [asked, setAsked] = useState<readonly string[] | null>(null);
  const { items, choose, chooseAll, clear } = useChosen<{ instance: string }>();
  const navigate = useNavigate();
  const keeping = useKeeping();
  const choice = useMemo(
    () => ({
      chosen: new Set(items.keys()),
      onChoose: (each: InstanceRowOf, on: boolean) => choose(each.id, each, on),
    }),
    [items, choose],
  );
  return (
    <>
      <div data-no-print className="flex justify-end">
        <ChosenBar
          chosen={items.size}
          nouns="instances"
          verb="Drain"
          matching={shown ? livingOf(page.counts) : null}
          filtered={false}
          onAll={async (reading) => {
            const told = await loadInstances(service.name, reading);
            if (told === null || !isList(told)) return told;
            const living = told.filter(({ status }) => !hasEnded(status));
            chooseAll(living.map((each) => [each.id, each] as const));
            return null;
          }}
          onClear={clear}
          onAct={() => setAsked([...items.values()].map(({ instance }) => instance))}
        />
      </div>
      <div className="rounded border border-border">
        <InstanceList
          filter={{ service: service.name }}
          sort={sort}
          onSort={(next) => set({ sort: next })}
          everything={page.total}
          peek=""
          withService={false}
          onPeek={(each) => void navigate(keeping(instancePath(each.service, each.instance)))}
          onPage={setShown}
          choice={choice}
          headClass="top-0"
          empty={<Empty title="No instance of it is in the registry." />}
        />
      </div>
      {asked && (
        <BulkDrain
          service={service.name}
          instances={asked}
          running={page.counts.get("RUNNING") ?? 0}
          minimum={minimumOf(service.definition)}
          onClose={() => {
            setAsked(null);
            clear();
          }}
        />
      )}
    </>
  );
}
