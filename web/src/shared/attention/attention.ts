import { count, plural } from "@/shared/figures/format";
import type { InstanceRowOf } from "@/shared/instances/documents";
import type { System } from "@/shared/system/documents";
import { formatSpan } from "@/shared/time/duration";
import { groupPath, instancePath, servicePath } from "@/shared/url/links";
import type { GroupOf } from "./documents";
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

/** How many run, and how many should, where the definition says so. */
export interface ServiceState {
  running: number;
  minimum: number | null;
}

export interface Situation {
  now: number;
  system: System | null;
  /** Instances in states that may need somebody. */
  troubled: readonly InstanceRowOf[];
  services: ReadonlyMap<string, ServiceState>;
  ownerless: readonly GroupOf[];
  failovers: readonly Failover[];
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
    ...ofInstances(situation),
    ...ofGroups(situation),
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

/** The troubled of one service are one item, with the worst said first. */
function ofInstances({ troubled, services, now }: Situation): AttentionItem[] {
  const byService = new Map<string, InstanceRowOf[]>();
  for (const each of troubled) {
    if (!needsSomebody(each, services.get(each.service), now)) continue;
    byService.set(each.service, [...(byService.get(each.service) ?? []), each]);
  }
  return [...byService].map(([service, members]) => {
    const [first] = members as [InstanceRowOf, ...InstanceRowOf[]];
    const bad = members.some(({ status }) => status === "FAILED" || status === "EXPIRED");
    return {
      key: `service ${service}`,
      severity: bad ? "bad" : "warn",
      subject: service,
      text: [lackOf(services.get(service), bad), troubleOf(members)].filter(Boolean).join("; "),
      since: Math.min(...members.map(({ statusSince }) => Date.parse(statusSince))),
      to: members.length === 1 ? instancePath(service, first.instance) : servicePath(service),
      action: "Open",
    };
  });
}

function needsSomebody(instance: InstanceRowOf, state: ServiceState | undefined, now: number): boolean {
  switch (instance.status) {
    case "FAILED":
    case "UNKNOWN":
      return true;
    case "EXPIRED":
      // As long as the service has what it needs, nobody has to come for one who has gone.
      return state === undefined || lacks(state);
    case "UNHEALTHY":
      return now - Date.parse(instance.statusSince) >= UNHEALTHY_MS;
    default:
      return false;
  }
}

const lacks = ({ running, minimum }: ServiceState): boolean =>
  minimum === null ? running === 0 : running < minimum;

function lackOf(state: ServiceState | undefined, bad: boolean): string {
  if (!state || !bad || !lacks(state)) return "";
  if (state.minimum === null) return "none runs";
  return `${state.running} of at least ${state.minimum} run`;
}

function troubleOf(members: readonly InstanceRowOf[]): string {
  const [first] = members;
  if (!first) return "";
  const one = `${first.instance} ${first.reason ? reasonOf(first) : first.status.toLowerCase()}`;
  return members.length === 1 ? one : `${one}, and ${plural(members.length - 1, "other")}`;
}

function reasonOf({ status, reason }: InstanceRowOf): string {
  return status === "UNHEALTHY" ? `is unhealthy: ${reason}` : `${status.toLowerCase()}: ${reason}`;
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

function ofFailovers({ failovers, now, ownerless }: Situation): AttentionItem[] {
  const open = new Set(ownerless.map(({ id }) => id));
  return failovers
    .filter(
      ({ at, groups, service }) => now - at < HEALED_MS && !groups.every((g) => open.has(`${service}/${g}`)),
    )
    .map(({ service, from, groups, longestGapMs, at, sequence }) => {
      const [first = ""] = groups;
      const what = groups.length === 1 ? `${first} left ${from}` : `${groups.length} groups left ${from}`;
      const gap = longestGapMs === null ? "gap not measured" : `longest gap ${formatSpan(longestGapMs)}`;
      return {
        key: `failover ${sequence}`,
        severity: "healed",
        subject: `${service}, healed`,
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
