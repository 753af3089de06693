import { journals } from "./journals";
import type { World } from "./world";

const NATS = "nats-1";

/** Resolvers for what auditors ask: the log event by event, and the parts that the control plane stands on. */
export const partsOf = (world: World) => ({
  event: ({ sequence, id }: { sequence?: number | null; id?: string | null }) =>
    world.events.find((each) => each.sequence === sequence || each.id === id) ?? null,
  eventChange: () => null,
  eventDensity: ({ filter, points }: { filter: { from: string; to: string }; points: number }) => {
    const [from, to] = [Date.parse(filter.from), Date.parse(filter.to)];
    const part = Math.max(1, (to - from) / points);
    const counts = new Map<number, Map<string, number>>();
    for (const { recordedAt, type } of world.events) {
      const at = Date.parse(recordedAt);
      if (at < from || at >= to) continue;
      const types = counts.get(Math.floor((at - from) / part)) ?? new Map<string, number>();
      types.set(type, (types.get(type) ?? 0) + 1);
      counts.set(Math.floor((at - from) / part), types);
    }
    const buckets = [...counts].map(([n, types]) => ({
      at: new Date(from + n * part).toISOString(),
      count: [...types.values()].reduce((sum, count) => sum + count, 0),
      types: [...types].map(([type, count]) => ({ type, count })),
    }));
    return { partSeconds: part / 1_000, buckets };
  },
  lifeline: ({ service, instance }: { service: string; instance: string }) => {
    const known = world.instances.get(`${service}/${instance}`);
    const stretch = known && {
      status: known.status,
      reason: known.reason,
      from: known.statusSince,
      to: null,
      sequence: known.asOfSequence,
    };
    return {
      stretches: stretch ? [stretch] : [],
      upPercent: 100,
      recoveries: 0,
      starts: 1,
      asOfSequence: world.sequence,
    };
  },
  serviceLifeline: ({ from }: { from: string }) => ({
    spans: [{ supply: "ENOUGH", fewest: 3, from, to: null, sequence: 1 }],
    needed: 2,
    upPercent: 99.98,
    shortfalls: 1,
    from,
  }),
  verification: () => null,
  replicas: () => [
    {
      id: "5d0c3f0e-mock",
      host: "mock",
      version: "0.1.0",
      startedAt: new Date(0).toISOString(),
      asOfSequence: world.sequence,
      projectionLag: 0,
      rebuildSequence: null,
      verifying: false,
      natsServer: NATS,
      heartbeatsVisible: true,
      problems: 0,
      mine: true,
    },
  ],
  leaseStore: () => ({
    kind: "KV",
    stream: "KV_aegis_leases",
    replicas: 3,
    replicasCurrent: 3,
    jetStreamLeader: NATS,
    readMs: 0.4,
    nodes: [{ natsServer: NATS, instances: 3, groups: world.leaders.size, lowestPercent: 61 }],
  }),
  leases: ({ ids }: { ids: string[] }) =>
    ids.map((id) => ({ id, ms: 1_000, lowestPercent: 61, natsServer: NATS })),
  groupMembers: ({ ids }: { ids: string[] }) =>
    ids.flatMap((id) => {
      const leader = world.leaders.get(id);
      if (!leader) return [];
      const members = [...world.instances.values()]
        .filter(({ service }) => service === leader.service)
        .slice(0, 20)
        .map(({ instance, status }) => ({ instance, status, owner: instance === leader.instance }));
      return [{ id, declared: true, memberCount: members.length, members }];
    }),
  storage: () => ({ usedBytes: 512 * 2 ** 20, limitBytes: 2 ** 30, bytesPerDay: 2 ** 24, daysLeft: 32 }),
  streams: () => [
    {
      name: "AEGIS_EVENTS",
      messages: world.sequence,
      bytes: world.sequence * 900,
      firstSequence: 1,
      lastSequence: world.sequence,
      firstAt: world.events[0]?.recordedAt ?? null,
      lastAt: world.events.at(-1)?.recordedAt ?? null,
      bytesPerDay: 2 ** 20,
      daysLeft: null,
      replicas: 3,
      replicasCurrent: 3,
      jetStreamLeader: NATS,
      consumers: 0,
      maxBytes: null,
      maxAgeSeconds: null,
    },
  ],
  consumers: () => [],
  ...journals,
  definitions: () => ({ nodes: [] }),
  deadLetterGroups: () => ({ groups: [], complete: true }),
  deadLetters: () => ({
    nodes: [],
    edges: [],
    pageInfo: { hasPreviousPage: false, hasNextPage: false, startCursor: null, endCursor: null },
    totalCount: 0,
  }),
  deadLetter: () => null,
  configurationSources: () => [
    { field: "lease_ms", source: "default" },
    { field: "token", source: "environment" },
  ],
});
