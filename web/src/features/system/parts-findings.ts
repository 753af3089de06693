import { bytes, duration, plural } from "@/shared/figures/format";
import type { LeaseStore, Replica, Storage, Stream, Subscription } from "./documents";
import { type Finding, LAG_LIMIT } from "./findings";

/** Beyond these, there is time to act. */
const STORAGE_DAYS = 14;
const STREAM_DAYS = 7;
/** A store that takes longer makes owners lose leases that they keep well. */
const SLOW_READ_MS = 100;

/** What is wrong with the replicas beside each other. */
export function ofReplicas(replicas: readonly Replica[]): Finding[] {
  const found: Finding[] = [];
  const versions = [...new Set(replicas.map(({ version }) => version))].sort();
  if (versions.length > 1) {
    found.push({
      id: "replicas/VERSIONS_DIFFER",
      severity: "info",
      title: "Replicas run different versions",
      evidence: `${versions.join(", ")}.`,
      since: null,
      remedy: "Finish the roll-out; what newer ones write may not be known to older ones.",
    });
  }
  for (const { host, id, mine, projectionLag, heartbeatsVisible, problems } of replicas) {
    // What this one has is told by itself.
    if (mine) continue;
    const name = host === "" ? id.slice(0, 8) : `${host} (${id.slice(0, 8)})`;
    const trouble = [
      ...(projectionLag > LAG_LIMIT ? [`${plural(Number(projectionLag), "event")} behind`] : []),
      ...(heartbeatsVisible ? [] : ["cannot read the heartbeats"]),
      ...(problems > 0 ? [plural(Number(problems), "problem")] : []),
    ];
    if (trouble.length === 0) continue;
    found.push({
      id: `replicas/${id.slice(0, 8)}/NOT_WELL`,
      severity: "warn",
      title: "Another replica is not well",
      evidence: `${name}: ${trouble.join(", ")}.`,
      since: null,
      remedy: "Look at the findings of that replica, at its own address.",
    });
  }
  return found;
}

/** What is wrong with the store of leases. */
export function ofLeaseStore({ stream, readMs, replicas, replicasCurrent }: LeaseStore): Finding[] {
  const found: Finding[] = [];
  if (readMs === null) {
    found.push({
      id: "leases/NOT_ANSWERING",
      severity: "bad",
      title: "The lease store does not answer",
      evidence: `A read of ${stream} had no answer within a second.`,
      since: null,
      remedy:
        "See to the servers of NATS: owners lose their groups when a lease runs out, and nobody can take over.",
    });
  } else if (readMs > SLOW_READ_MS) {
    found.push({
      id: "leases/SLOW",
      severity: "warn",
      title: "The lease store is slow",
      evidence: `A read took ${duration(readMs)}.`,
      since: null,
      remedy: "See to the disks and the network of NATS; short leases are lost first.",
    });
  }
  if (replicasCurrent < replicas) found.push(copiesMissing("leases", stream, replicasCurrent, replicas));
  return found;
}

const copiesMissing = (
  part: string,
  stream: string,
  current: number | bigint,
  wanted: number | bigint,
): Finding => ({
  id: `${part}/${stream}/COPIES_MISSING`,
  severity: Number(current) * 2 > Number(wanted) ? "warn" : "bad",
  title: "Copies of a stream are missing",
  evidence: `${stream}: ${current} of ${wanted} copies are there and current.`,
  since: null,
  remedy: "Bring the server of NATS back; without most of the copies nothing can be written.",
});

/** The stream of the services' events, which lets go of them after a while: `EVENTS`, and in a namespace `DEV-EVENTS`. */
export const eventsOf = (streams: readonly Stream[]): Stream | undefined =>
  streams.find(({ name }) => name === "EVENTS" || name.endsWith("-EVENTS"));

/** Subscriptions that the stream has left behind: what they have not had is gone, whether it was for them or not. */
export function ofSubscriptions(stream: Stream, subscriptions: readonly Subscription[]): Finding[] {
  const first = BigInt(stream.firstSequence);
  return subscriptions
    .filter((it) => it.stream === stream.name && it.durable && BigInt(it.deliveredSequence) + 1n < first)
    .map(({ name, deliveredSequence, waiting }) => ({
      id: `subscriptions/${name}/LOST_EVENTS`,
      severity: "warn",
      title: "A subscription may have lost events to the retention of the stream",
      evidence: `${name} has had ${stream.name} up to ${deliveredSequence}, and that begins at ${stream.firstSequence} now${
        Number(waiting) === 0 ? "; nobody reads it" : ""
      }.`,
      since: null,
      remedy:
        "Start its readers, or remove the consumer if nobody needs it; keep events for longer with [events] keep_hours.",
    }));
}

/** What is wrong with the streams, and with the room there is. */
export function ofStreams(
  streams: readonly Stream[],
  storage: Storage | null,
  leaseStream: string,
): Finding[] {
  const found: Finding[] = [];
  for (const { name, replicas, replicasCurrent, jetStreamLeader, daysLeft, maxBytes } of streams) {
    // The lease store tells of its own stream.
    if (name !== leaseStream && replicasCurrent < replicas)
      found.push(copiesMissing("streams", name, replicasCurrent, replicas));
    if (replicas > 1 && jetStreamLeader === null) {
      found.push({
        id: `streams/${name}/NO_LEADER`,
        severity: "bad",
        title: "A stream has no JetStream leader",
        evidence: `${name} is led by no server: it takes nothing.`,
        since: null,
        remedy: "See to the servers of NATS until most of the copies are there again.",
      });
    }
    if (daysLeft !== null && daysLeft < STREAM_DAYS) {
      found.push({
        id: `streams/${name}/FILLS_UP`,
        severity: "warn",
        title: "A stream reaches its limit",
        evidence: `${name} reaches ${bytes(maxBytes)} in ${daysLeft.toFixed(1)} days at the present rate.`,
        since: null,
        remedy: "Give it more room, or let it keep messages for a shorter time.",
      });
    }
  }
  if (storage !== null && storage.daysLeft !== null && storage.daysLeft < STORAGE_DAYS) {
    found.push({
      id: "storage/FILLS_UP",
      severity: storage.daysLeft < 1 ? "bad" : "warn",
      title: "The room for streams runs out",
      evidence: `${bytes(storage.usedBytes)} of ${bytes(storage.limitBytes)}; ${storage.daysLeft.toFixed(1)} days at the present rate.`,
      since: null,
      remedy: "Raise the limit of the account, or keep less.",
    });
  }
  return found;
}
