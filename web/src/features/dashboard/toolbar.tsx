import { Pause, Play } from "lucide-react";
import { Button } from "@/components/ui/button";
import { NativeSelect } from "@/components/ui/native-select";
import { Toggle } from "@/components/ui/toggle";
import { Age } from "@/shared/time/age";
import { CopyLink } from "@/shared/ui/copy-link";
import { SearchField } from "@/shared/ui/search-field";
import type { SetUrl } from "@/shared/url/use-url-state";
import type { Instance, InstanceStatus } from "./documents";
import { statuses, statusLook } from "./status";
import { useInstances } from "./store";
import type { DashboardView, dashboardShape } from "./view-state";

interface Props {
  view: DashboardView;
  set: SetUrl<typeof dashboardShape>;
  instances: readonly Instance[];
}

export function Toolbar({ view, set, instances }: Props) {
  const services = [...new Set(instances.map((i) => i.service))].sort();
  if (view.service !== "" && !services.includes(view.service)) services.push(view.service);
  const counts = new Map<InstanceStatus, number>();
  for (const i of instances) counts.set(i.status, (counts.get(i.status) ?? 0) + 1);
  const chips = statuses.filter((s) => counts.has(s) || view.status.includes(s));
  const undefinedCount = instances.filter((i) => !i.defined).length;
  const flip = (status: InstanceStatus): void => {
    const has = view.status.includes(status);
    set({ status: has ? view.status.filter((s) => s !== status) : [...view.status, status] });
  };
  return (
    <div className="flex flex-wrap items-center gap-1.5 border-border border-b bg-card px-3 py-1.5">
      <SearchField
        label="Filter instances"
        className="w-44"
        value={view.q}
        onChange={(q) => set({ q }, { replace: true })}
      />
      <NativeSelect
        aria-label="Service"
        className="w-44"
        value={view.service}
        onChange={(event) => set({ service: event.target.value })}
      >
        <option value="">All services</option>
        {services.map((service) => (
          <option key={service}>{service}</option>
        ))}
      </NativeSelect>
      <fieldset className="flex flex-wrap items-center gap-1">
        <legend className="sr-only">Status</legend>
        {chips.map((status) => {
          const { icon: Icon, word, tone } = statusLook[status];
          return (
            <Toggle key={status} pressed={view.status.includes(status)} onClick={() => flip(status)}>
              <Icon aria-hidden="true" className={tone} />
              {word} <span>{counts.get(status) ?? 0}</span>
            </Toggle>
          );
        })}
        {(undefinedCount > 0 || view.undefined) && (
          <Toggle pressed={view.undefined} onClick={() => set({ undefined: !view.undefined })}>
            Not defined <span>{undefinedCount}</span>
          </Toggle>
        )}
      </fieldset>
      <div className="ml-auto flex items-center gap-1.5">
        <Toggle pressed={!view.flat} onClick={() => set({ flat: !view.flat })}>
          By service
        </Toggle>
        <PauseButton />
        <CopyLink />
      </div>
    </div>
  );
}

function PauseButton() {
  const pausedAt = useInstances((s) => s.pausedAt);
  const togglePause = useInstances((s) => s.togglePause);
  return (
    <Button size="sm" variant={pausedAt === null ? "outline" : "notice"} onClick={togglePause}>
      {pausedAt === null ? <Pause aria-hidden="true" /> : <Play aria-hidden="true" />}
      {pausedAt === null ? (
        "Pause"
      ) : (
        <span>
          Resume, paused <Age since={new Date(pausedAt).toISOString()} />
        </span>
      )}
    </Button>
  );
}
