import { SlidersHorizontal } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { TeamSelect } from "@/shared/teams/team-select";
import type { SetUrl } from "@/shared/url/use-url-state";
import type { OverviewView, overviewShape } from "./view-state";

interface Props {
  view: OverviewView;
  set: SetUrl<typeof overviewShape>;
}

/** What is filtered by less often. */
export function FiltersMenu({ view, set }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button variant="outline" className="font-normal">
          <SlidersHorizontal aria-hidden="true" /> Filters
        </Button>
      </PopoverTrigger>
      <PopoverContent aria-label="Filters" className="w-72 p-3">
        <Form
          view={view}
          onApply={(change) => {
            set(change);
            setOpen(false);
          }}
        />
      </PopoverContent>
    </Popover>
  );
}

function Form({ view, onApply }: { view: OverviewView; onApply: (change: Partial<OverviewView>) => void }) {
  const [service, setService] = useState(view.service);
  const [version, setVersion] = useState(view.version);
  const [label, setLabel] = useState(view.label.join(" "));
  const [team, setTeam] = useState(view.team);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onApply({
      service: service.trim(),
      version: version.trim(),
      label: label.split(/\s+/).filter(Boolean),
      team,
    });
  };
  return (
    <form className="flex flex-col gap-2" onSubmit={submit}>
      <TeamSelect labelled team={team} onChoose={setTeam} />
      <Field label="Service" value={service} onChange={setService} />
      <Field label="Version" value={version} onChange={setVersion} />
      <Field label="Labels, as desk:demo" value={label} onChange={setLabel} />
      <Button type="submit">Apply</Button>
    </form>
  );
}

function Field({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div className="flex flex-col gap-0.5">
      <label htmlFor={id} className="font-medium text-xs">
        {label}
      </label>
      <Input id={id} value={value} onChange={(event) => onChange(event.target.value)} />
    </div>
  );
}
