import { count, plural } from "@/shared/figures/format";
import type { Breach } from "@/shared/limits/breaches";
import { type InstanceStatus, meaningOf, words } from "@/shared/status/status";
import type { System } from "@/shared/system/documents";
import { formatSpan } from "@/shared/time/duration";
import { groupPath, instancePath, servicePath } from "@/shared/url/links";
import type { GroupOf, InNeed } from "./documents";
import type { Failover } from "./failovers";

/** What an operator should look at: one cause, one item. */
export interface AttentionItem {
  key: string;
  severity: "bad" | "warn" | "healed";
  subject: string;
  text: string;
  /** Epoch milliseconds. */
  since: number | null;
  to: string;
  action: "Open" | "Timeline";
}

export interface Situation {
  now: number;
  system: System | null;
  /** Services that need somebody, as the server has it. */
  services: readonly InNeed[];
  ownerless: readonly GroupOf[];
  failovers: readonly Failover[];
  /** Services whose figures are beyond a limit. */
  breaches: readonly Breach[];
}

/** How long one may be unhealthy before somebody is needed: most come back by themselves. */
const UNHEALTHY_MS = 10_000;
const HEALED_MS = 3_600_000;
/** Events behind at which the page says that it shows the past. */
const LAG_LIMIT = 500;
const severities = { bad: 0, warn: 1, healed: 2 };

export function attentionOf(situation: Situation): AttentionItem[] {
  const items = [
    ...ofSystem(situation),
    ...ofServices(situation),
    ...ofGroups(situation),
    ...situation.breaches.map(ofBreach),
    ...ofFailovers(situation),
  ];
  return items.sort(
    (a, b) =>
      severities[a.severity] - severities[b.severity] ||
      (a.severity === "healed" ? (b.since ?? 0) - (a.since ?? 0) : (a.since ?? 0) - (b.since ?? 0)) ||
      a.key.localeCompare(b.key),
  );
}

function ofSystem({ system }: Situation): AttentionItem[] {
  if (!system) return [];
  const item = (key: string, text: string, since: string | null): AttentionItem => ({
    key: `system ${key}`,
    severity: "bad",
    subject: "Control plane",
    text,
    since: since === null ? null : Date.parse(since),
    to: "/events",
    action: "Open",
  });
  const items = system.problems.map(({ part, code, message, since }) =>
    item(`${part} ${code}`, `${part}: ${message}`, since),
  );
  if (!system.natsConnected) items.push(item("nats", "has lost NATS; nothing new arrives", null));
  else if (!system.heartbeatsVisible)
    items.push(item("heartbeats", "cannot read the heartbeats, and marks nobody", null));
  if (system.projectionLag > LAG_LIMIT) {
    const text = `shows the past: it is ${count(system.projectionLag)} events behind the log`;
    items.push({ ...item("lag", text, null), severity: "warn" });
  }
  if (system.selfPreservation) {
    const { silent, alive, since } = system.selfPreservation;
    items.push(
      item("cannot see", `cannot see ${silent} of ${alive} instances; none of them is marked expired`, since),
    );
  }
  return items;
}

/** What is wrong with a service is one item: the instance that is worst is named. */
function ofServices({ services, now }: Situation): AttentionItem[] {
  return services.filter((service) => needsSomebody(service, now)).map(itemOf);
}

function needsSomebody({ worst, since, belowMinimum, flapping }: InNeed, now: number): boolean {
  if (belowMinimum || Number(flapping) > 0) return true;
  if (worst === "UNHEALTHY") return since === null || now - Date.parse(since) >= UNHEALTHY_MS;
  return worst !== null && meaningOf(worst) === "attention";
}

function itemOf(service: InNeed): AttentionItem {
  const { name, worst, since, instance, belowMinimum, definition, flapping } = service;
  const running = Number(service.counts.find(({ status }) => status === "RUNNING")?.count ?? 0);
  const troubled = worst !== null && meaningOf(worst) === "attention";
  const parts = [
    belowMinimum && `${running} of at least ${String(definition?.minInstances ?? "?")} run`,
    !belowMinimum && troubled && running === 0 && "none runs",
    troubled && instance !== null && troubleOf(worst, instance, service.reason),
    Number(flapping) > 0 && `${plural(Number(flapping), "instance")} flapping`,
  ];
  return {
    key: `service ${name}`,
    severity: belowMinimum || worst === "FAILED" || worst === "EXPIRED" ? "bad" : "warn",
    subject: name,
    text: parts.filter(Boolean).join("; "),
    since: since === null ? null : Date.parse(since),
    to: instance !== null && troubled ? instancePath(name, instance) : servicePath(name),
    action: "Open",
  };
}

function troubleOf(worst: InstanceStatus, instance: string, reason: string | null): string {
  const word = words[worst].toLowerCase();
  return reason ? `${instance} ${word}: ${reason}` : `${instance} ${word}`;
}

function ofGroups({ ownerless }: Situation): AttentionItem[] {
  const byService = new Map<string, GroupOf[]>();
  for (const group of ownerless)
    byService.set(group.service, [...(byService.get(group.service) ?? []), group]);
  return [...byService].map(([service, groups]) => {
    const [first] = groups as [GroupOf, ...GroupOf[]];
    const one = groups.length === 1;
    return {
      key: `groups ${service}`,
      severity: "bad",
      subject: service,
      text: one ? `${first.group} has no owner` : `${groups.length} groups have no owner`,
      since: Math.min(...groups.map(({ since }) => Date.parse(since))),
      to: one ? groupPath(service, first.group) : `/leadership?service=${encodeURIComponent(service)}`,
      action: one ? "Timeline" : "Open",
    };
  });
}

function ofBreach({ service, text, since }: Breach): AttentionItem {
  return {
    key: `limit ${service}`,
    severity: "warn",
    subject: service,
    text,
    since,
    to: servicePath(service),
    action: "Open",
  };
}

function ofFailovers({ failovers, now, ownerless }: Situation): AttentionItem[] {
  const open = new Set(ownerless.map(({ id }) => id));
  return failovers
    .filter(
      ({ at, groups, service }) => now - at < HEALED_MS && !groups.every((g) => open.has(`${service}/${g}`)),
    )
    .map(({ service, from, became, groups, longestGapMs, at, sequence }) => {
      const [first = ""] = groups;
      const owner = became === null ? from : `${from} (${became})`;
      const what = groups.length === 1 ? `${first} left ${owner}` : `${groups.length} groups left ${owner}`;
      const gap =
        longestGapMs === null ? "gap not measured" : `longest gap at most ${formatSpan(longestGapMs)}`;
      return {
        key: `failover ${sequence}`,
        severity: "healed",
        subject: `${service}, taken over`,
        text: `failover: ${what}; ${gap}`,
        since: at,
        to:
          groups.length === 1
            ? groupPath(service, first)
            : `/leadership?service=${encodeURIComponent(service)}`,
        action: "Timeline",
      };
    });
}
