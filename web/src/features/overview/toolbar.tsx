import { Pause, Play, X } from "lucide-react";
import { memo } from "react";
import { Button } from "@/components/ui/button";
import { Toggle } from "@/components/ui/toggle";
import { usePause } from "@/shared/live/pause";
import { ViewsMenu } from "@/shared/saved-views/views-menu";
import type { InstanceStatus } from "@/shared/status/status";
import { words } from "@/shared/status/status";
import { CopyLink } from "@/shared/ui/copy-link";
import { SearchField } from "@/shared/ui/search-field";
import type { SetUrl } from "@/shared/url/use-url-state";
import { FiltersMenu } from "./filters-menu";
import { presets } from "./presets";
import { StateMenu } from "./state-menu";
import { isFiltered, noFilter, type OverviewView, type overviewShape } from "./view-state";

interface Props {
  view: OverviewView;
  set: SetUrl<typeof overviewShape>;
  /** How many are in each state, of those that the filter takes otherwise. */
  counts: ReadonlyMap<InstanceStatus, number>;
}

/** Keys of the address that no view keeps: what is looked at just now. */
const PASSING = ["peek", "at", "vs"];

/** One row that never wraps. */
export const Toolbar = memo(function Toolbar({ view, set, counts }: Props) {
  return (
    <div className="flex h-10 shrink-0 items-center gap-1.5 bg-background px-4 max-xl:px-3" data-no-print>
      <SearchField
        label="Filter instances"
        className="w-44 shrink max-lg:w-32"
        value={view.q}
        onChange={(q) => set({ q }, { replace: true })}
      />
      <StateMenu chosen={view.status} counts={counts} onChoose={(status) => set({ status })} />
      <FiltersMenu view={view} set={set} />
      <Chips view={view} set={set} />
      <div className="ml-auto flex shrink-0 items-center gap-1.5">
        <fieldset className="flex max-lg:hidden">
          <legend className="sr-only">View</legend>
          {(["services", "instances"] as const).map((each) => (
            <Toggle
              key={each}
              pressed={view.view === each}
              className="capitalize first-of-type:rounded-r-none last-of-type:rounded-l-none last-of-type:border-l-0"
              onClick={() => set({ view: each })}
            >
              {each}
            </Toggle>
          ))}
        </fieldset>
        <ViewsMenu screen="/" presets={presets} passing={PASSING} />
        <PauseButton />
        <CopyLink />
      </div>
    </div>
  );
});

function Chips({ view, set }: Omit<Props, "counts">) {
  if (!isFiltered(view)) return null;
  const chips: { key: string; text: string; without: Partial<OverviewView> }[] = [
    ...view.status.map((status) => ({
      key: status,
      text: words[status],
      without: { status: view.status.filter((each) => each !== status) },
    })),
    ...(view.team === "" ? [] : [{ key: "team", text: `team ${view.team}`, without: { team: "" } }]),
    ...(view.service === ""
      ? []
      : [{ key: "service", text: `service ${view.service}`, without: { service: "" } }]),
    ...(view.version === ""
      ? []
      : [{ key: "version", text: `version ${view.version}`, without: { version: "" } }]),
    ...view.label.map((label) => ({
      key: `label ${label}`,
      text: label,
      without: { label: view.label.filter((each) => each !== label) },
    })),
  ];
  return (
    <div className="flex min-w-0 flex-1 items-center gap-1 overflow-hidden">
      {chips.map(({ key, text, without }) => (
        <button
          key={key}
          type="button"
          aria-label={`Take away ${text}`}
          className="flex h-6 max-w-40 shrink-0 cursor-pointer items-center gap-1 rounded border border-primary bg-selected px-1.5 text-xs"
          onClick={() => set(without)}
        >
          <span className="truncate">{text}</span>
          <X aria-hidden="true" className="size-3" />
        </button>
      ))}
      <Button variant="ghost" className="h-6 px-1 font-normal" onClick={() => set(noFilter)}>
        Clear
      </Button>
    </div>
  );
}

function PauseButton() {
  const pausedAt = usePause((s) => s.pausedAt);
  const toggle = usePause((s) => s.toggle);
  const paused = pausedAt !== null;
  const Icon = paused ? Play : Pause;
  return (
    <Button
      variant="outline"
      size="icon"
      aria-label={paused ? "Resume" : "Pause"}
      title={paused ? "Resume (p)" : "Pause the whole page (p)"}
      onClick={toggle}
    >
      <Icon aria-hidden="true" />
    </Button>
  );
}
