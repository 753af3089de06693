import { readFileSync } from "node:fs";
import { buildSchema, type GraphQLSchema } from "graphql";
import { createQueue } from "./queue";
import type { Event } from "./types";
import type { World } from "./world";

/** The contract itself: the mock cannot answer what the server could not. */
export const schema: GraphQLSchema = buildSchema(readFileSync("../graphql/schema.graphql", "utf8"));

interface EventFilter {
  kinds?: string[];
  service?: string;
  text?: string;
}

function eventMatches(event: Event, filter: EventFilter | undefined): boolean {
  if (filter?.kinds && !filter.kinds.includes(event.kind)) return false;
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
    viewer: () => ({ name: "m.ito", role: "OPERATOR" }),
    system: () => ({
      version: "0.1.0",
      namespace: "aegis",
      time: new Date().toISOString(),
      asOfSequence: world.sequence,
      headSequence: world.sequence,
      projectionLag: 0,
      natsConnected: true,
      deadLetters: 0,
      heartbeatsVisible: true,
      selfPreservation: null,
      problems: [],
    }),
    forgetInstance: ({ input }: { input: { service: string; instance: string; reason: string } }) =>
      world.forget(`${input.service}/${input.instance}`, input.reason)
        ? { __typename: "Forgotten", service: input.service, instance: input.instance }
        : { __typename: "Rejected", code: "INSTANCE_NOT_FOUND", message: "The instance is not registered." },
    leaders: () => connection([...world.leaders.values()], (l) => l.id, false, false, world.sequence),
    events: (args: {
      last?: number;
      before?: string;
      filter?: EventFilter;
      afterSequence?: number;
      snapshot?: number;
    }) => ("snapshot" in args || "afterSequence" in args ? tail(world, args) : page(world, args)),
    instanceChanges: () => instanceChanges(world),
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

function instanceChanges(world: World) {
  const queue = createQueue<unknown>(() => end());
  queue.push({
    instanceChanges: {
      __typename: "InstanceSnapshot",
      instances: [...world.instances.values()],
      asOfSequence: world.sequence,
    },
  });
  const end = world.listen(({ changed, removed }) =>
    queue.push({
      instanceChanges: { __typename: "InstanceDelta", changed, removed, asOfSequence: world.sequence },
    }),
  );
  return queue.iterator;
}
