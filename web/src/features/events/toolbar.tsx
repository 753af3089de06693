import { ArrowUpToLine, Pause } from "lucide-react";
import { Button } from "@/components/ui/button";
import { NativeSelect } from "@/components/ui/native-select";
import { Toggle } from "@/components/ui/toggle";
import { useZone } from "@/shared/time/zone";
import { CopyLink } from "@/shared/ui/copy-link";
import { SearchField } from "@/shared/ui/search-field";
import type { SetUrl } from "@/shared/url/use-url-state";
import { kindLook, kinds } from "./kinds";
import type { EventsView, eventsShape } from "./view-state";

interface Props {
  view: EventsView;
  set: SetUrl<typeof eventsShape>;
  services: readonly string[];
  held: boolean;
  waiting: number;
  onHold: () => void;
  onRelease: () => void;
}

export function Toolbar({ view, set, services, held, waiting, onHold, onRelease }: Props) {
  const { zone, toggle } = useZone();
  const listed =
    view.service === "" || services.includes(view.service) ? services : [...services, view.service];
  return (
    <div className="flex flex-wrap items-center gap-1.5 border-border border-b bg-card px-3 py-1.5">
      <SearchField
        label="Filter events"
        className="w-56"
        value={view.q}
        onChange={(q) => set({ q }, { replace: true })}
      />
      <NativeSelect
        aria-label="Service"
        className="w-48"
        value={view.service}
        onChange={(event) => set({ service: event.target.value })}
      >
        <option value="">All services</option>
        {listed.map((service) => (
          <option key={service}>{service}</option>
        ))}
      </NativeSelect>
      <fieldset className="flex items-center gap-1">
        <legend className="sr-only">Kind</legend>
        {kinds.map((kind) => {
          const { icon: Icon, word } = kindLook[kind];
          const pressed = view.kind.includes(kind);
          return (
            <Toggle
              key={kind}
              pressed={pressed}
              onClick={() =>
                set({ kind: pressed ? view.kind.filter((k) => k !== kind) : [...view.kind, kind] })
              }
            >
              <Icon aria-hidden="true" />
              {word}
            </Toggle>
          );
        })}
      </fieldset>
      <div className="ml-auto flex items-center gap-1.5">
        <Toggle
          pressed={view.age}
          onClick={() => set({ age: !view.age })}
          title="Show how long ago instead of the time"
        >
          Age
        </Toggle>
        <Button size="sm" variant="outline" onClick={toggle} title="Time zone of all times on the page">
          Times: {zone === "utc" ? "UTC" : "local"}
        </Button>
        {held ? (
          <Button size="sm" variant="notice" onClick={onRelease}>
            <ArrowUpToLine aria-hidden="true" /> {waiting} new, resume
          </Button>
        ) : (
          <Button size="sm" variant="outline" onClick={onHold}>
            <Pause aria-hidden="true" /> Pause
          </Button>
        )}
        <CopyLink />
      </div>
    </div>
  );
}
