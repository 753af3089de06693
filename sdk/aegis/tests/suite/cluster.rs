//! The journal on three nodes, one of which is killed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::wire::subject;
use aegis_domain::{Actor, AggregateId, Context, Event, EventId, InstanceName, ServiceName};
use aegis_sdk::journal::{AppendError, Head, Item, Selection};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::{NatsCluster, wait_until};
use chrono::Utc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const WRITERS: usize = 100;
/// A hundred writers at this pace append two thousand events a second.
const PACE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);

fn id(writer: usize) -> AggregateId {
    let instance = InstanceName::new(format!("writer-{writer}")).unwrap();
    AggregateId::Instance(ServiceName::new("load").unwrap(), instance)
}

fn event(n: u64) -> Event {
    Event::from(InstanceEvent::Unhealthy { last_beat: None, missed: u32::try_from(n).unwrap(), reason: None })
}

/// Appends to its own aggregate until told to stop; answers what was acknowledged, and when the last one was.
async fn write(journal: Journal, writer: usize, stop: CancellationToken) -> (Vec<EventId>, Instant) {
    let context = Context::new(Actor::system("load"), Utc::now());
    let (mut head, mut acknowledged, mut last) = (Some(Head::EMPTY), Vec::new(), Instant::now());
    let mut ticks = tokio::time::interval(PACE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut n = 0;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let Some(at) = head else {
            // After a failure only the log knows where the aggregate stands.
            let events = journal.events(&id(writer)).await;
            head = events.ok().map(|events| events.last().map_or(Head::EMPTY, Head::after));
            continue;
        };
        n += 1;
        match journal.append(&id(writer), at, vec![event(n)], &context).await {
            Ok(recorded) => {
                head = recorded.last().map(Head::after);
                acknowledged.extend(recorded.into_iter().map(|recorded| recorded.envelope.id));
                last = Instant::now();
            }
            Err(AppendError::Conflict | AppendError::Ambiguous | AppendError::Refused { .. }) => head = None,
            // None of these comes of an event like this.
            Err(AppendError::Encode { .. } | AppendError::TooMany { .. }) => break,
        }
    }
    (acknowledged, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_under_two_thousand_appends_a_second_loses_and_doubles_nothing() {
    let cluster = NatsCluster::start(3).await;
    let connection = Connection::open(ConnectOptions::new(cluster.urls(), "load")).await.unwrap();
    provision(&connection).await.unwrap();
    let journal = Journal::new(&connection);
    let stream = connection.jetstream().get_stream(connection.namespace().events_stream()).await.unwrap();
    let namespace = connection.namespace();
    let buckets = [namespace.leases_bucket(), namespace.instances_bucket(), namespace.leaders_bucket()];
    let buckets = buckets.iter().map(|bucket| subject::kv_stream(bucket));
    for name in buckets.chain([namespace.events_stream(), namespace.heartbeats_stream()]) {
        let made = connection.jetstream().get_stream(&name).await.unwrap();
        assert_eq!(made.cached_info().config.num_replicas, 3, "a cluster keeps three copies of {name}");
    }
    let (stop, mut writers) = (CancellationToken::new(), JoinSet::new());
    let begun = Instant::now();
    for writer in 0..WRITERS {
        writers.spawn(write(journal.clone(), writer, stop.clone()));
    }
    let length = || async { journal.last_sequence().await.map(|last| last.get()).map_err(|e| e.to_string()) };
    let at_least = |count: u64| async move {
        length().await.and_then(|n| if n >= count { Ok(n) } else { Err(n.to_string()) })
    };
    let before = wait_until("the first events", PATIENCE, || at_least(4_000)).await;
    let rate = before as f64 / begun.elapsed().as_secs_f64();
    let leader = stream.cached_info().cluster.as_ref().and_then(|cluster| cluster.leader.clone()).unwrap();
    let leader = cluster.index_of(&leader).unwrap();
    cluster.kill(leader);
    let killed = Instant::now();
    wait_until("events after the loss of a node", PATIENCE, || at_least(before + 6_000)).await;
    cluster.restart(leader).await;
    stop.cancel();
    let outcomes = writers.join_all().await;
    assert!(outcomes.iter().all(|(_, last)| *last > killed), "every writer goes on without the node");
    let mut seen: HashMap<EventId, u32> = HashMap::new();
    let mut chains: HashMap<AggregateId, Head> = HashMap::new();
    let mut log = journal.subscribe(Selection::default());
    loop {
        match tokio::time::timeout(PATIENCE, log.next()).await.expect("the log stopped") {
            Item::Event(entry) => {
                let head = chains.entry(entry.event.envelope.aggregate.clone()).or_insert(Head::EMPTY);
                assert_eq!(entry.event.envelope.previous, head.hash, "{entry:?}");
                assert_eq!(entry.event.envelope.version, head.version.next(), "{entry:?}");
                *head = Head::after(&entry.event);
                *seen.entry(entry.event.envelope.id).or_default() += 1;
            }
            Item::Live => break,
            Item::Blind | Item::Replaced => {}
            Item::Unreadable { sequence, error, .. } => panic!("{sequence}: {error}"),
        }
    }
    let acknowledged: Vec<_> = outcomes.iter().flat_map(|(acknowledged, _)| acknowledged).collect();
    let lost = acknowledged.iter().filter(|id| !seen.contains_key(**id)).count();
    let doubled = seen.values().filter(|count| **count > 1).count();
    assert_eq!((lost, doubled), (0, 0), "of {} acknowledged", acknowledged.len());
    assert!(acknowledged.len() >= 8_000, "{} acknowledged, {rate:.0} a second at first", acknowledged.len());
}
