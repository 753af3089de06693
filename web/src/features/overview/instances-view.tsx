import { Button } from "@/components/ui/button";
import { count } from "@/shared/figures/format";
import type { InstanceRowOf } from "@/shared/instances/documents";
import { InstanceList } from "@/shared/instances/table/instance-list";
import type { Page } from "@/shared/instances/window";
import { Empty } from "@/shared/ui/states";
import type { SetUrl } from "@/shared/url/use-url-state";
import { filterOf, isFiltered, noFilter, type OverviewView, type overviewShape } from "./view-state";

interface Props {
  view: OverviewView;
  set: SetUrl<typeof overviewShape>;
  /** How many there are without the filter. */
  everything: number;
  onPeek: (instance: InstanceRowOf) => void;
  onPage: (page: Page) => void;
}

/** All instances as one list. */
export default function InstancesView({ view, set, everything, onPeek, onPage }: Props) {
  return (
    <InstanceList
      filter={filterOf(view)}
      sort={view.sort}
      onSort={(sort) => set({ sort })}
      everything={everything}
      peek={view.peek}
      withService
      onPeek={onPeek}
      onPage={onPage}
      headClass="top-10"
      empty={
        isFiltered(view) ? (
          <Empty title={`0 of ${count(everything)} match.`}>
            <Button variant="outline" onClick={() => set(noFilter)}>
              Clear filters
            </Button>
          </Empty>
        ) : (
          <Empty title="No instance has registered yet.">
            <p>Each appears here within a second of its start.</p>
          </Empty>
        )
      }
    />
  );
}
