import { ArrowUpToLine, Pause, X } from "lucide-react";
import { Button } from "@/components/ui/button";
import { NativeSelect } from "@/components/ui/native-select";
import { Toggle } from "@/components/ui/toggle";
import { kindLook, kinds, typeWords } from "@/shared/events/kinds";
import { SearchField } from "@/shared/ui/search-field";
import type { SetUrl } from "@/shared/url/use-url-state";
import { type EventsView, type eventsShape, excluded } from "./view-state";

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
  const listed =
    view.service === "" || services.includes(view.service) ? services : [...services, view.service];
  return (
    <div className="flex h-10 shrink-0 items-center gap-1.5 overflow-x-auto border-border border-b px-4 max-xl:px-3">
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
      {excluded.flatMap((key) =>
        view[key].map((value) => (
          <Button
            key={`${key} ${value}`}
            variant="outline"
            className="font-normal"
            title={`Without ${value}: take this back`}
            onClick={() => set({ [key]: view[key].filter((each) => each !== value) })}
          >
            not {key === "not.type" ? typeWords(value).toLowerCase() : value} <X aria-hidden="true" />
          </Button>
        )),
      )}
      {(view.from !== null || view.to !== null) && (
        <Button variant="outline" className="font-normal" onClick={() => set({ from: null, to: null })}>
          Within the time range <X aria-hidden="true" />
        </Button>
      )}
      <div className="ml-auto flex items-center gap-1.5">
        {held ? (
          <Button variant="default" onClick={onRelease}>
            <ArrowUpToLine aria-hidden="true" /> {waiting} new, resume
          </Button>
        ) : (
          <Button variant="outline" onClick={onHold}>
            <Pause aria-hidden="true" /> Pause
          </Button>
        )}
      </div>
    </div>
  );
}
