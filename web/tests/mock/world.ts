import { accounts, newInstance, parts } from "./fleet";
import { seeded } from "./random";
import type { Change, Event, MockInstance, MockLeader } from "./types";

type Listener = (change: Change) => void;

export interface WorldOptions {
  now?: () => number;
  seed?: number;
  /** Some instances unhealthy, expired, draining; false gives a healthy fleet. */
  troubled?: boolean;
}

/** A small registry that lives: beats, failovers and events, with time and chance from outside. */
export class World {
  readonly instances = new Map<string, MockInstance>();
  readonly leaders = new Map<string, MockLeader>();
  readonly events: Event[] = [];
  private readonly listeners = new Set<Listener>();
  private readonly silent = new Set<string>();
  private readonly now: () => number;
  private readonly random: () => number;
  private pending = {
    changed: new Map<string, MockInstance>(),
    removed: new Set<string>(),
    events: [] as Event[],
  };
  private readonly versions = new Map<string, number>();

  constructor(options: WorldOptions = {}) {
    this.now = options.now ?? Date.now;
    this.random = seeded(options.seed ?? 7);
    for (const part of parts) {
      for (let n = 1; n <= part.count; n++) this.register(part.service, `${part.service}-${n}`, part.version);
    }
    accounts.forEach((group, i) => {
      this.elect("trading-service", group, `trading-service-${(i % 3) + 1}`, "first claim");
    });
    this.beat();
    if (options.troubled ?? true) this.trouble();
    this.flush();
  }

  get sequence(): number {
    return this.events.length;
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Sends what has changed since the last flush. */
  flush(): void {
    const { changed, removed, events } = this.pending;
    if (changed.size + removed.size + events.length === 0) return;
    this.pending = { changed: new Map(), removed: new Set(), events: [] };
    const change: Change = { changed: [...changed.values()], removed: [...removed], events };
    for (const listener of this.listeners) listener(change);
  }

  register(service: string, instance: string, version: string): void {
    const event = this.record(
      "instance",
      `${service}.${instance}`,
      "registered",
      { instance, version },
      `${instance} registered, version ${version}`,
    );
    this.silent.delete(`${service}/${instance}`);
    this.put(newInstance(service, instance, version, this.iso(), event.sequence));
  }

  setStatus(id: string, status: MockInstance["status"], type: string, reason: string | null): void {
    const instance = this.instances.get(id);
    if (!instance) return;
    const words = type.replaceAll("_", " ");
    const summary = `${instance.instance} ${words}${reason ? `: ${reason}` : ""}`;
    const event = this.record(
      "instance",
      `${instance.service}.${instance.instance}`,
      type,
      { status, reason },
      summary,
    );
    this.put({ ...instance, status, reason, statusSince: this.iso(), asOfSequence: event.sequence });
  }

  elect(service: string, group: string, owner: string | null, reason: string): void {
    const id = `${service}/${group}`;
    const before = this.leaders.get(id);
    const term = owner === null ? (before?.term ?? 0) : (before?.term ?? 0) + 1;
    const vacancyMs = before ? 780 + Math.floor(this.random() * 400) : null;
    const type = owner === null ? "leader_lost" : "leader_elected";
    const summary =
      owner === null
        ? `${group} lost its leader (term ${term}): ${reason}`
        : `${owner} leads ${group}, term ${term}`;
    const data = { group, instance: owner, term, reason, vacancy_ms: vacancyMs };
    const event = this.record("leadership", `${service}.${group}`, type, data, summary);
    this.leaders.set(id, {
      id,
      service,
      group,
      term,
      instance: owner,
      since: this.iso(),
      reason,
      vacancyMs,
      asOfSequence: event.sequence,
    });
    for (const each of this.instances.values()) {
      if (each.service !== service) continue;
      const groups = each.groups.filter((g) => g.group !== group);
      if (each.instance === owner) groups.push({ group, term, since: this.iso() });
      if (groups.length !== each.groups.length || each.instance === owner)
        this.put({ ...each, groups, asOfSequence: event.sequence });
    }
  }

  /** So many groups beyond the others, of services that have no instance here. */
  ownMany(count: number): void {
    for (let n = 1; n <= count; n++)
      this.elect(`desk-${n % 20}-service`, `G-${n}`, `desk-${n % 20}-service-1`, "first claim");
    this.flush();
  }

  /** Only what has ended is forgotten. */
  forget(id: string, reason: string): boolean {
    const known = this.instances.get(id);
    if (!known || !["EXPIRED", "FAILED", "STOPPED"].includes(known.status)) return false;
    const summary = `${known.instance} was forgotten: ${reason}`;
    this.record("instance", `${known.service}.${known.instance}`, "forgotten", { reason }, summary);
    this.instances.delete(id);
    this.pending.changed.delete(id);
    this.pending.removed.add(id);
    this.flush();
    return true;
  }

  /** What `kill -9` of one instance looks like from here: its groups move, it falls silent. */
  crash(id: string): void {
    const dead = this.instances.get(id);
    if (!dead) return;
    this.silent.add(id);
    this.setStatus(id, "UNHEALTHY", "unhealthy", "3 heartbeats missed");
    const heirs = [...this.instances.values()].filter(
      (i) => i.service === dead.service && i.status === "RUNNING",
    );
    for (const { group } of dead.groups) {
      this.elect(dead.service, group, null, "session expired");
      const heir = heirs[Math.floor(this.random() * heirs.length)];
      if (heir) this.elect(dead.service, group, heir.instance, "session expired");
    }
  }

  /** One heartbeat of everybody who still beats. */
  beat(): void {
    for (const instance of [...this.instances.values()]) {
      if (this.silent.has(instance.id)) continue;
      const part = parts.find((p) => p.service === instance.service);
      const rate = (part?.callsPerSecond ?? 10) * (0.75 + 0.5 * this.random());
      const calls = (instance.metrics?.calls ?? 0) + Math.round(rate);
      const failed = this.random() < 0.15 ? Math.round(rate * 0.004) : 0;
      const metrics = {
        uptimeSeconds: (instance.metrics?.uptimeSeconds ?? 0) + 1,
        p50Ms: (part?.p99Ms ?? 5) / 4,
        cpuPercent: 4 + 8 * this.random(),
        memoryBytes: 84 * 2 ** 20,
        own: [{ name: 'orders_placed{side="buy"}', value: calls }],
        inFlight: Math.round(rate / 60),
        queueDepth: Math.floor(this.random() * 4),
        callsPerSecond: rate,
        p99Ms: (part?.p99Ms ?? 5) * (0.8 + 0.6 * this.random()),
        calls,
        errors: (instance.metrics?.errors ?? 0) + failed,
      };
      const minute = {
        seconds: 60,
        calls: Math.round(60 * rate),
        errors: failed,
        callsPerSecond: rate,
        errorPercent: (100 * failed) / (60 * rate),
        p50Ms: metrics.p50Ms,
        p90Ms: metrics.p99Ms / 2,
        p99Ms: metrics.p99Ms,
      };
      this.put({ ...instance, lastBeatAt: this.iso(), metrics, minute });
    }
  }

  private trouble(): void {
    this.silent.add("calculation-service/calculation-service-3");
    this.setStatus(
      "calculation-service/calculation-service-3",
      "UNHEALTHY",
      "unhealthy",
      "3 heartbeats missed",
    );
    this.silent.add("algo-service/algo-service-2");
    this.setStatus("algo-service/algo-service-2", "EXPIRED", "expired", "record expired after 15 s");
    this.setStatus(
      "calculation-service/calculation-service-4",
      "DRAINING",
      "drain_requested",
      "drain requested by m.ito",
    );
    this.mark("calculation-service/calculation-service-3", { flapping: true });
    this.mark("algo-service/algo-service-3", { legacy: true });
    this.setStatus("market-data-service/market-data-service-2", "STARTING", "status_changed", null);
  }

  private mark(id: string, marks: Partial<MockInstance>): void {
    const instance = this.instances.get(id);
    if (instance) this.put({ ...instance, ...marks });
  }

  private put(instance: MockInstance): void {
    this.instances.set(instance.id, instance);
    this.pending.removed.delete(instance.id);
    this.pending.changed.set(instance.id, instance);
  }

  private record(
    kind: string,
    id: string,
    type: string,
    data: unknown,
    summary: string,
  ): Event & { sequence: number } {
    const aggregate = `${kind}.${id}`;
    const sequence = this.sequence + 1;
    const version = (this.versions.get(aggregate) ?? 0) + 1;
    this.versions.set(aggregate, version);
    const event = {
      id: `mock-${sequence}`,
      sequence,
      type: `aegis.${kind}.${type}.v1`,
      kind: kind.toUpperCase() as Event["kind"],
      aggregate,
      service: id.split(".")[0] ?? id,
      aggregateVersion: version,
      time: this.iso(),
      recordedAt: this.iso(),
      actor: `sdk:${id}`,
      correlationId: null,
      // An election follows from the loss before it.
      causationId: type === "leader_elected" && sequence > 1 ? `mock-${sequence - 1}` : null,
      summary,
      data,
    };
    this.events.push(event);
    this.pending.events.push(event);
    return event;
  }

  private iso(): string {
    return new Date(this.now()).toISOString();
  }
}
