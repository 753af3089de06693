import { createQueue } from "./queue";
import type { MockInstance, MockLeader } from "./types";
import type { World } from "./world";

const collator = new Intl.Collator("en", { numeric: true });

interface ServiceArgs {
  filter?: { text?: string; statuses?: string[]; attention?: boolean };
  first: number;
  offset?: number;
}

const worse = [
  "FAILED",
  "EXPIRED",
  "UNHEALTHY",
  "UNKNOWN",
  "STOPPING",
  "DRAINING",
  "STARTING",
  "INIT",
  "RUNNING",
];
const rank = (status: string): number => {
  const at = worse.indexOf(status);
  return at < 0 ? worse.length : at;
};

function summaryOf(world: World, name: string, instances: MockInstance[]) {
  const counts = new Map<string, number>();
  for (const { status } of instances) counts.set(status, (counts.get(status) ?? 0) + 1);
  const running = instances.filter(({ status }) => status === "RUNNING");
  const says = instances.filter(
    ({ status }) => status !== "STOPPED" && (status !== "EXPIRED" || running.length === 0),
  );
  const [first] = [...says].sort((a, b) => rank(a.status) - rank(b.status));
  const leaders = [...world.leaders.values()].filter((leader) => leader.service === name);
  return {
    name,
    definition: null,
    counts: [...counts].map(([status, count]) => ({ status, count })),
    instances: instances.length,
    worst: first?.status ?? null,
    since: first?.statusSince ?? null,
    reason: first?.reason ?? null,
    instance: first?.instance ?? null,
    flapping: instances.filter(({ flapping }) => flapping).length,
    belowMinimum: false,
    versionDrift: false,
    groups: leaders.length,
    ownerless: leaders.filter(({ instance }) => instance === null).length,
    versions: [...new Set(instances.map(({ version }) => version))].map((version) => ({ version, count: 1 })),
    minute: running[0]?.minute ?? null,
  };
}

function listOf(world: World, { filter }: ServiceArgs) {
  const byService = new Map<string, MockInstance[]>();
  for (const each of world.instances.values()) {
    const members = byService.get(each.service);
    if (members) members.push(each);
    else byService.set(each.service, [each]);
  }
  const text = filter?.text?.toLowerCase();
  return [...byService]
    .filter(([, members]) => !text || members.some(({ id }) => id.toLowerCase().includes(text)))
    .filter(
      ([, members]) => !filter?.statuses || members.some(({ status }) => filter.statuses?.includes(status)),
    )
    .map(([name, members]) => summaryOf(world, name, members))
    .filter(({ worst }) => !filter?.attention || rank(worst ?? "STOPPED") < 4)
    .sort((a, b) => rank(a.worst ?? "") - rank(b.worst ?? "") || a.name.localeCompare(b.name));
}

/** A page of services: a snapshot, then the page anew whenever something changes. */
export function serviceChanges(world: World, args: ServiceArgs) {
  const queue = createQueue<unknown>(() => end());
  const push = (): void => {
    const list = listOf(world, args);
    const offset = args.offset ?? 0;
    queue.push({
      serviceChanges: {
        __typename: "ServiceSnapshot",
        services: list.slice(offset, offset + args.first),
        totalCount: list.length,
        asOfSequence: world.sequence,
      },
    });
  };
  push();
  const end = world.listen(push);
  return queue.iterator;
}

interface LeaderArgs {
  filter?: { text?: string; service?: string; ownerless?: boolean; changedSince?: string };
  first: number;
  offset?: number;
}

function takesGroup({ filter = {} }: LeaderArgs, leader: MockLeader): boolean {
  const { text, service, ownerless, changedSince } = filter;
  if (service && leader.service !== service) return false;
  if (ownerless !== undefined && (leader.instance === null) !== ownerless) return false;
  if (changedSince && leader.since < changedSince) return false;
  return !text || `${leader.id} ${leader.instance ?? ""}`.toLowerCase().includes(text.toLowerCase());
}

/** Groups, those without owner first. */
export function leaderChanges(world: World, args: LeaderArgs) {
  const queue = createQueue<unknown>(() => end());
  const { first, offset = 0 } = args;
  const push = (): void => {
    const all = [...world.leaders.values()]
      .filter((leader) => takesGroup(args, leader))
      .sort(
        (a, b) => Number(a.instance !== null) - Number(b.instance !== null) || collator.compare(a.id, b.id),
      );
    queue.push({
      leaderChanges: {
        __typename: "LeaderSnapshot",
        leaders: all.slice(offset, offset + first),
        totalCount: all.length,
        ownerless: all.filter(({ instance }) => instance === null).length,
        asOfSequence: world.sequence,
      },
    });
  };
  push();
  const end = world.listen(({ events }) => events.some(({ kind }) => kind === "LEADERSHIP") && push());
  return queue.iterator;
}
