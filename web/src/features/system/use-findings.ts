import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { mayAs, useSession } from "@/shared/session/store";
import { type Facts, LeaseStoreNow, Replicas, StorageNow, Streams, Subscriptions } from "./documents";
import { bySeverity, type Finding, findingsOf } from "./findings";
import { eventsOf, ofLeaseStore, ofReplicas, ofStreams, ofSubscriptions } from "./parts-findings";

const EVERY_MS = 10_000;

/** All that is known to be wrong, as far as who is signed in may know. */
export function useFindings(facts: Facts | null): readonly Finding[] {
  const every = useEvery(EVERY_MS);
  const may = useSession((s) => mayAs(s.viewer, "AUDITOR"));
  const replicas = useQuery(Replicas, {}, every).data?.replicas;
  const store = useQuery(LeaseStoreNow, {}, every).data?.leaseStore;
  const streams = useQuery(Streams, may ? {} : null, every).data?.streams;
  const events = streams && eventsOf(streams);
  const readers = useQuery(Subscriptions, events ? { stream: events.name } : null, every).data?.consumers;
  const storage = useQuery(StorageNow, may ? {} : null, every).data?.storage;
  return [
    ...(facts ? findingsOf(facts) : []),
    ...(replicas ? ofReplicas(replicas) : []),
    ...(store ? ofLeaseStore(store) : []),
    ...(streams ? ofStreams(streams, storage ?? null, store?.stream ?? "") : []),
    ...(events && readers ? ofSubscriptions(events, readers) : []),
  ].sort(bySeverity);
}
