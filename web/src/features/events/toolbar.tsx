import type { Whole } from "@/shared/graphql/exact";
import { ViewsMenu } from "@/shared/saved-views/views-menu";
import type { Window } from "@/shared/time/range";
import { SearchField } from "@/shared/ui/search-field";
import { Facets } from "./facets";
import { JumpField } from "./jump-field";
import { presets } from "./presets";
import type { EventsView, Filter } from "./view-state";

interface Props {
  view: EventsView;
  window: Window;
  onType: (q: string) => void;
  onFilter: (change: Partial<Filter>) => void;
  onJump: (sequence: Whole) => void;
}

const PASSING = ["event", "top"];

export function Toolbar({ view, window, onType, onFilter, onJump }: Props) {
  return (
    <div
      data-no-print
      className="flex h-10 shrink-0 items-center gap-1.5 border-border border-b px-4 max-xl:px-3"
    >
      <SearchField
        label="Filter events"
        className="min-w-24 max-w-56 flex-1"
        value={view.q}
        onChange={onType}
      />
      <Facets view={view} window={window} onFilter={onFilter} />
      <ViewsMenu screen="/events" presets={presets} passing={PASSING} />
      <div className="ml-auto">
        <JumpField onJump={onJump} />
      </div>
    </div>
  );
}
