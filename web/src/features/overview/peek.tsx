import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { bytes, count, duration, percent, rate } from "@/shared/figures/format";
import { useTruth } from "@/shared/freshness/truth";
import type { Instance } from "@/shared/instances/documents";
import { flagsOf } from "@/shared/instances/flags";
import { useInstance } from "@/shared/instances/use-instance";
import { useLostLeases } from "@/shared/leases/use-lost-leases";
import { Flag } from "@/shared/status/flag";
import { shownState } from "@/shared/status/shown";
import { StateBadge } from "@/shared/status/state-badge";
import { isSilent } from "@/shared/status/status";
import { Age } from "@/shared/time/age";
import { useNow } from "@/shared/time/clock";
import { Moment } from "@/shared/time/moment";
import { GroupLink, InstanceLink, ServiceLink } from "@/shared/ui/object-link";
import { Empty, Loading, sentence } from "@/shared/ui/states";

/** One instance beside the list. */
export function Peek({ id, onClose }: { id: string; onClose: () => void }) {
  const at = id.indexOf("/");
  const [service, name] = [id.slice(0, at), id.slice(at + 1)];
  const { instance } = useInstance(service, name);
  return (
    <aside
      aria-label={`Instance ${name}`}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
      className="sticky top-0 flex h-full max-h-full w-104 shrink-0 flex-col overflow-auto border-border border-l bg-card max-xl:absolute max-xl:right-0 max-xl:z-20 max-xl:shadow-lg 2xl:w-120"
    >
      <header className="flex h-10 shrink-0 items-center gap-2 border-border border-b px-3">
        <h2 className="min-w-0 truncate font-semibold text-panel">{name}</h2>
        <Button variant="ghost" size="icon" className="ml-auto" aria-label="Close" onClick={onClose}>
          <X aria-hidden="true" />
        </Button>
      </header>
      {instance === undefined && <Loading what={name} />}
      {instance === null && <Empty title={`${name} is no longer in the registry.`} />}
      {instance && <Facts instance={instance} />}
    </aside>
  );
}

function Facts({ instance }: { instance: Instance }) {
  const truth = useTruth();
  const now = useNow();
  const shown = shownState({ ...instance, leaseLostAt: useLostLeases().get(instance.id) }, truth, now);
  const { metrics, groups } = instance;
  return (
    <div className="space-y-3 p-3">
      <p className="flex flex-wrap items-center gap-2">
        <StateBadge shown={shown} soft />
        <span>
          since <Moment at={instance.statusSince} />, <Age since={instance.statusSince} />
        </span>
        {flagsOf(instance).map((flag) => (
          <Flag key={flag.key} flag={flag} />
        ))}
      </p>
      {instance.reason && <p>{sentence(instance.reason)}</p>}
      <dl className="grid grid-cols-[8rem_minmax(0,1fr)] gap-x-2 gap-y-1">
        <Row name="Service">
          <ServiceLink service={instance.service} />
        </Row>
        <Row name="Page of it">
          <InstanceLink service={instance.service} instance={instance.instance} />
        </Row>
        <Row name="Version">{instance.version}</Row>
        <Row name="Registered">
          <Moment at={instance.registeredAt} />
        </Row>
        <Row name="Last heartbeat">
          {instance.lastBeatAt === null ? "none yet" : <Moment at={instance.lastBeatAt} exact />}
        </Row>
        <Row name="Labels">{labelsOf(instance.labels)}</Row>
      </dl>
      <h3 className="font-semibold">
        {isSilent(instance.status) ? "Last known figures" : "Figures of the last heartbeat"}
      </h3>
      <dl className="grid grid-cols-[8rem_minmax(0,1fr)] gap-x-2 gap-y-1">
        <Row name="Latency p50, p99">
          {duration(metrics?.p50Ms)}, {duration(metrics?.p99Ms)}
        </Row>
        <Row name="Calls">{rate(metrics?.callsPerSecond)}/s</Row>
        <Row name="In flight, queue">
          {count(metrics?.inFlight)}, {count(metrics?.queueDepth)}
        </Row>
        <Row name="Calls, failed">
          {count(metrics?.calls)}, {count(metrics?.errors)} since its start
        </Row>
        <Row name="CPU, memory">
          {percent(metrics?.cpuPercent)} %, {bytes(metrics?.memoryBytes)}
        </Row>
      </dl>
      <h3 className="font-semibold">Owner of {groups.length === 0 ? "no group" : groups.length}</h3>
      <ul className="space-y-0.5">
        {groups.map(({ group, term, since }) => (
          <li key={group} className="flex gap-2">
            <GroupLink service={instance.service} group={group} icon />
            <span className="text-muted-foreground">term {String(term)}</span>
            <span className="ml-auto text-muted-foreground">
              <Age since={since} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function labelsOf(labels: unknown): string {
  const entries = Object.entries((labels ?? {}) as Record<string, string>);
  return entries.length === 0 ? "none" : entries.map(([key, value]) => `${key}=${value}`).join(" ");
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted-foreground">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}
