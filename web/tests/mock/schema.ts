import { readFileSync } from "node:fs";
import { buildSchema, type GraphQLSchema } from "graphql";
import { instanceChanges, instancesOf, type ListArgs } from "./instances";
import { partsOf } from "./parts";
import { createQueue } from "./queue";
import { leaderChanges, serviceChanges } from "./services";
import type { Event } from "./types";
import type { World } from "./world";

/** The contract itself: the mock cannot answer what the server could not. */
export const schema: GraphQLSchema = buildSchema(readFileSync("../graphql/schema.graphql", "utf8"));

interface EventFilter {
  kinds?: string[];
  service?: string;
  text?: string;
  correlationId?: string;
  causationId?: string;
}

function eventMatches(event: Event, filter: EventFilter | undefined): boolean {
  if (filter?.kinds && !filter.kinds.includes(event.kind)) return false;
  if (filter?.causationId && event.causationId !== filter.causationId) return false;
  if (filter?.correlationId && event.correlationId !== filter.correlationId) return false;
  if (filter?.service && event.service !== filter.service) return false;
  const needle = filter?.text?.toLowerCase();
  return (
    !needle || [event.summary, event.type, event.aggregate].some((hay) => hay.toLowerCase().includes(needle))
  );
}

function connection<T>(
  nodes: T[],
  cursorOf: (node: T) => string,
  previous: boolean,
  next: boolean,
  asOfSequence: number,
) {
  const [first, last] = [nodes[0], nodes.at(-1)];
  return {
    nodes,
    edges: nodes.map((node) => ({ cursor: cursorOf(node), node })),
    pageInfo: {
      hasPreviousPage: previous,
      hasNextPage: next,
      startCursor: first ? cursorOf(first) : null,
      endCursor: last ? cursorOf(last) : null,
    },
    totalCount: nodes.length,
    asOfSequence,
  };
}

/** Resolvers for what the screens ask; the rest of the schema is not implemented and says so. */
export function rootOf(world: World) {
  return {
    ...partsOf(world),
    viewer: () => ({ name: "m.ito", role: "OPERATOR" }),
    systemChanges: () => systemChanges(world),
    serviceChanges: (args: Parameters<typeof serviceChanges>[1]) => serviceChanges(world, args),
    leaderChanges: (args: Parameters<typeof leaderChanges>[1]) => leaderChanges(world, args),
    forgetInstance: ({ input }: { input: { service: string; instance: string; reason: string } }) =>
      world.forget(`${input.service}/${input.instance}`, input.reason)
        ? { __typename: "Forgotten", service: input.service, instance: input.instance }
        : { __typename: "Rejected", code: "INSTANCE_NOT_FOUND", message: "The instance is not registered." },
    drain: ({ input }: { input: { service: string; instance: string; reason: string } }) => {
      world.setStatus(`${input.service}/${input.instance}`, "DRAINING", "drain_requested", input.reason);
      return { __typename: "DrainAsked", service: input.service, instance: input.instance };
    },
    leaders: (args: { filter?: { service?: string } }) => {
      const all = [...world.leaders.values()].filter(
        (l) => !args.filter?.service || l.service === args.filter.service,
      );
      const sorted = all.sort((a, b) => Number(a.instance !== null) - Number(b.instance !== null));
      return connection(sorted, (l) => l.id, false, false, world.sequence);
    },
    definition: () => null,
    drainPreview: ({ service, instance }: { service: string; instance: string }) => ({
      groupCount: world.instances.get(`${service}/${instance}`)?.groups.length ?? 0,
      groups: (world.instances.get(`${service}/${instance}`)?.groups ?? []).map((group) => ({
        ...group,
        candidates: [],
      })),
      inFlight: 3,
      queueDepth: 0,
      others: 2,
      minInstances: null,
    }),
    services: () => connection(servicesOf(world), (s) => s.name, false, false, world.sequence),
    service: ({ name }: { name: string }) => serviceOf(world, name),
    instances: (args: ListArgs) =>
      connection(
        instancesOf(world, args).map((each) => ({ ...each, standsForCount: each.groups.length })),
        (i) => i.id,
        false,
        false,
        world.sequence,
      ),
    instance: ({ service, instance }: { service: string; instance: string }) =>
      world.instances.get(`${service}/${instance}`) ?? null,
    configuration: () => ({ lease_ms: 1_000, token: "•••• set" }),
    metrics: metricsOf,
    methods: (args: { service: string; instance?: string | null }) => methodsOf(args, Date.now()),
    sparklines: ({ ids, ...span }: { ids: string[]; from: string; to: string; points: number }) =>
      ids.map((id) => ({ id, ...metricsOf(span) })),
    events: (args: {
      last?: number;
      before?: string;
      filter?: EventFilter;
      afterSequence?: number;
      snapshot?: number;
    }) => ("snapshot" in args || "afterSequence" in args ? tail(world, args) : page(world, args)),
    instanceChanges: (args: ListArgs) => instanceChanges(world, args),
  };
}

function page(world: World, args: { last?: number; before?: string; filter?: EventFilter }) {
  const before = args.before ? Number(args.before) : Number.POSITIVE_INFINITY;
  const found = world.events.filter((e) => e.sequence < before && eventMatches(e, args.filter));
  const nodes = found.slice(-(args.last ?? 50));
  return connection(nodes, (e) => String(e.sequence), nodes.length < found.length, false, world.sequence);
}

function tail(world: World, args: { afterSequence?: number; snapshot?: number; filter?: EventFilter }) {
  const queue = createQueue<unknown>(() => end());
  const after = args.afterSequence;
  const old =
    typeof after === "number"
      ? world.events.filter((e) => e.sequence > after)
      : world.events.slice(-(args.snapshot ?? 100));
  const wrap = (typename: string, events: Event[]) => ({
    events: {
      __typename: typename,
      events: events.filter((e) => eventMatches(e, args.filter)),
      asOfSequence: world.sequence,
    },
  });
  queue.push(wrap("EventSnapshot", old));
  const end = world.listen(({ events }) => events.length > 0 && queue.push(wrap("EventBatch", events)));
  return queue.iterator;
}

function servicesOf(world: World) {
  const names = [...new Set([...world.instances.values()].map((i) => i.service))].sort();
  return names.map((name) => serviceOf(world, name));
}

function serviceOf(world: World, name: string) {
  const instances = [...world.instances.values()].filter((i) => i.service === name);
  const live = instances.flatMap((i) => (i.status === "RUNNING" && i.metrics ? [i.metrics] : []));
  return {
    name,
    definition: null,
    instances,
    leaders: [...world.leaders.values()].filter((l) => l.service === name),
    versions: [...new Set(instances.map((i) => i.version))],
    p50Ms: null,
    p90Ms: null,
    p99Ms: live.length === 0 ? null : Math.max(...live.map((m) => m.p99Ms ?? 0)),
    callsPerSecond: live.length === 0 ? null : live.reduce((sum, m) => sum + m.callsPerSecond, 0),
    errorPercent: 0,
    lag: [],
  };
}

/** How the replica is doing, each second. */
function systemChanges(world: World) {
  const queue = createQueue<unknown>(() => clearInterval(timer));
  const push = (): void => {
    const beats = [...world.instances.values()].flatMap(({ lastBeatAt }) =>
      lastBeatAt === null ? [] : [lastBeatAt],
    );
    queue.push({
      systemChanges: {
        version: "0.1.0",
        namespace: "aegis",
        time: new Date().toISOString(),
        asOfSequence: world.sequence,
        headSequence: world.sequence,
        projectionLag: 0,
        natsConnected: true,
        deadLetters: 0,
        heartbeatsVisible: true,
        newestBeatAt: beats.sort().at(-1) ?? null,
        selfPreservation: null,
        maintenances: [],
        switchovers: [],
        problems: [],
      },
    });
  };
  push();
  const timer = setInterval(push, 1_000);
  return queue.iterator;
}

/** A wave, as the rollups of an instance would have it. */
const noMessages = { published: 0, consumed: 0, failed: 0, retried: 0, deadLettered: 0 };

const traceOf = (now: number) =>
  Array.from({ length: 30 }, (_, n) => ({
    at: new Date((Math.floor(now / 10_000) - 30 + n) * 10_000).toISOString(),
    calls: 100 + Math.round(40 * Math.sin(n / 3)),
    errors: n % 10 === 0 ? 1 : 0,
  }));

/** What each service of the world is called for. */
function methodsOf({ service, instance }: { service: string; instance?: string | null }, now: number) {
  const minute = {
    seconds: 60,
    calls: 600,
    errors: 0,
    callsPerSecond: 10,
    errorPercent: 0,
    p50Ms: 2,
    p90Ms: 6,
  };
  const of = (name: string, change: { errors: number; p99Ms: number }, role = "SERVE") => ({
    role,
    name,
    instances: instance ? 1 : 3,
    minute: { ...minute, ...change, errorPercent: change.errors / 6 },
    inFlight: 2,
    worstInstance: instance ? null : `${service}-1`,
    codes: change.errors > 0 ? [{ code: "TIMEOUT", count: change.errors }] : [],
    trace: traceOf(now),
  });
  return [
    of("place_order", { errors: 3, p99Ms: 31 }),
    of("cancel_order", { errors: 0, p99Ms: 12 }),
    of("calculation-service.price", { errors: 1, p99Ms: 74 }, "CALL"),
  ];
}

function metricsOf({ from, to, points }: { from: string; to: string; points: number }) {
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  const step = (end - begin) / points;
  return {
    resolutionSeconds: Math.max(1, Math.round(step / 1_000)),
    points: Array.from({ length: points }, (_, n) => ({
      at: new Date(begin + n * step).toISOString(),
      calls: 100,
      errors: n % 20 === 0 ? 1 : 0,
      callsPerSecond: 100 + 40 * Math.sin(n / 6),
      errorPercent: n % 20 === 0 ? 1 : 0,
      p50Ms: 2 + Math.sin(n / 5),
      p90Ms: 6 + Math.sin(n / 5),
      p99Ms: 12 + 4 * Math.sin(n / 7),
      inFlight: 3,
      inFlightMax: 6,
      queueDepth: 0,
      queueDepthMax: 2,
      cpuPercent: 12,
      cpuPercentMax: 20,
      memoryBytes: 84 * 2 ** 20,
      events: { ...noMessages, consumed: 20 },
      commands: { ...noMessages, consumed: 5 },
      lag: 2,
      lagMax: 4,
    })),
  };
}
