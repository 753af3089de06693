// No module of the page: whoever runs the mock knows no aliases.
import { createQueue } from "./queue";
import type { MockInstance } from "./types";
import type { World } from "./world";

const collator = new Intl.Collator("en", { numeric: true });

export interface ListArgs {
  filter?: {
    service?: string;
    statuses?: string[];
    text?: string;
    version?: string;
    labels?: { key: string; value?: string }[];
  };
  orderBy?: { field: string; descending: boolean };
  first?: number;
  offset?: number;
}

const severity: Record<string, number> = {
  UNHEALTHY: 0,
  UNKNOWN: 0,
  RUNNING: 2,
  FAILED: 3,
  EXPIRED: 3,
  STOPPED: 4,
};

const figures: Record<string, (i: MockInstance) => number | string | null> = {
  SEVERITY: (i) => severity[i.status] ?? 1,
  VERSION: (i) => i.version,
  LAST_BEAT_AT: (i) => (i.lastBeatAt === null ? null : Date.parse(i.lastBeatAt)),
  CALLS_PER_SECOND: (i) => i.minute?.callsPerSecond ?? null,
  P99: (i) => i.minute?.p99Ms ?? null,
  QUEUE_DEPTH: (i) => i.metrics?.queueDepth ?? null,
  ERRORS: (i) => i.minute?.errorPercent ?? null,
};

function takes({ filter }: ListArgs, i: MockInstance, statusesToo: boolean): boolean {
  if (!filter) return true;
  const { service, statuses, text, version, labels } = filter;
  if (service && i.service !== service) return false;
  if (statusesToo && statuses && !statuses.includes(i.status)) return false;
  if (version && i.version !== version) return false;
  if (text && !i.id.toLowerCase().includes(text.toLowerCase())) return false;
  const own = i.labels as Record<string, string>;
  return (labels ?? []).every(({ key, value }) => key in own && (value === undefined || own[key] === value));
}

/** Where each stands in order of name, worked out anew when there are more or fewer. */
let places = new Map<string, number>();
function placeOf(world: World, id: string): number {
  if (places.size !== world.instances.size || !places.has(id)) {
    const ids = [...world.instances.keys()].sort(collator.compare);
    places = new Map(ids.map((each, place) => [each, place]));
  }
  return places.get(id) ?? 0;
}

function listOf(world: World, args: ListArgs): MockInstance[] {
  const { field, descending } = args.orderBy ?? { field: "SEVERITY", descending: false };
  const figure = figures[field];
  const way = descending ? -1 : 1;
  const compare = (a: MockInstance, b: MockInstance): number => {
    const [x, y] = figure ? [figure(a), figure(b)] : [0, 0];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return way * (x < y ? -1 : x > y ? 1 : 0) || placeOf(world, a.id) - placeOf(world, b.id);
  };
  return [...world.instances.values()].filter((i) => takes(args, i, true)).sort(compare);
}

function countsOf(world: World, args: ListArgs): { status: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const i of world.instances.values())
    if (takes(args, i, false)) counts.set(i.status, (counts.get(i.status) ?? 0) + 1);
  return [...counts].map(([status, count]) => ({ status, count }));
}

const pageOf = (list: MockInstance[], { first, offset = 0 }: ListArgs): MockInstance[] =>
  first === undefined ? list : list.slice(offset, offset + first);

export const instancesOf = (world: World, args: ListArgs): MockInstance[] =>
  pageOf(listOf(world, args), args);

/** As the server follows one page of a list: a snapshot, then what changes on the page. */
export function instanceChanges(world: World, args: ListArgs) {
  const queue = createQueue<unknown>(() => end());
  let list = listOf(world, args);
  let shown = pageOf(list, args);
  queue.push({
    instanceChanges: {
      __typename: "InstanceSnapshot",
      instances: shown,
      totalCount: list.length,
      counts: countsOf(world, args),
      asOfSequence: world.sequence,
    },
  });
  const end = world.listen(() => {
    const before = new Map(shown.map((i) => [i.id, i]));
    const order = shown.map((i) => i.id).join();
    list = listOf(world, args);
    shown = pageOf(list, args);
    const ids = shown.map((i) => i.id);
    queue.push({
      instanceChanges: {
        __typename: "InstanceDelta",
        changed: shown.filter((i) => before.get(i.id) !== i),
        removed: [...before.keys()].filter((id) => !ids.includes(id)),
        order: args.first !== undefined && ids.join() !== order ? ids : null,
        totalCount: list.length,
        counts: countsOf(world, args),
        asOfSequence: world.sequence,
      },
    });
  });
  return queue.iterator;
}
