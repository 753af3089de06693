//! What one foreign message may say of times, terms, versions and sequences, and what comes of it: nothing.

use std::time::Duration;

use aegis_domain::aggregate::leadership::{ElectionReason, LeadershipEvent};
use aegis_domain::aggregate::{Leadership, leadership};
use aegis_domain::wire::header::{self, ce};
use aegis_domain::{Actor, AggregateId, Context, Sequence, Term};
use aegis_projections::State;
use aegis_projections::replay::from_log;
use aegis_projections::rollups::{Range, Retention, RollupProjector, Rollups};
use aegis_projections::store::At;
use aegis_projections::verify::{Scope, verify};
use aegis_sdk::nats::bucket::Bucket;
use aegis_sdk::nats::imported;
use aegis_sdk::{Connection, Journal};
use aegis_testkit::wait_until;
use async_nats::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::installation::{Installation, encode};
use crate::kv::{all, owed};
use crate::log::{Log, election, fold, group, instance, service, session};
use crate::projector::log;
use crate::rollups::{heartbeat, metrics_of};

const LIMIT: Duration = Duration::from_secs(30);
const FAR: &str = "9999-01-01T00:00:00Z";

/// An installation whose log is its own.
async fn own() -> Installation {
    let installation = Installation::start().await;
    let log = installation.connection.namespace().events_stream();
    imported::mark(&installation.connection, &log, 0).await.unwrap();
    installation
}

/// Publishes a message with a time of its own.
async fn publish(connection: &Connection, subject: String, mut map: HeaderMap, body: Vec<u8>, time: &str) {
    map.insert(header::RECORDED_AT, time);
    let sent = connection.jetstream().publish_with_headers(subject, map, body.into()).await.unwrap();
    sent.await.unwrap();
}

fn headers(headers: &[(&'static str, String)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    headers.iter().for_each(|(name, value)| map.insert(*name, value.as_str()));
    map
}

#[tokio::test]
async fn no_event_moves_the_clock_of_the_log() {
    let installation = own().await;
    let (connection, log) = (&installation.connection, log(30));
    let begun = Utc::now() - TimeDelta::seconds(1);
    for (recorded, time) in
        log.events.iter().zip([FAR, "1970-01-01T00:00:00Z", "no time", ""].into_iter().cycle())
    {
        let message = encode(recorded);
        publish(connection, message.subject, headers(&message.headers), message.body, time).await;
    }
    let end = log.events.len() as u64;
    let running = installation.project(&installation.path("p.sqlite")).await;
    let state = running.reaches(end).await;
    let now = Utc::now() + TimeDelta::seconds(1);
    assert!(begun <= state.time && state.time <= now, "{}", state.time);
    let held = crate::store::held(&running.store).await;
    assert!(held.iter().all(|event| begun <= event.recorded_at && event.recorded_at <= now));
    let middle = At::Time(held[14].recorded_at);
    let told = running.store.as_of(middle).await.unwrap();
    assert!(told.position >= Sequence(15) && told.time == held[14].recorded_at);
    assert_eq!(from_log(connection, middle, vec![]).await.unwrap().state, told);
    let path = installation.path("p.sqlite");
    let report = verify(connection, Scope { file: Some(&path), ..Scope::default() }).await;
    let findings = report.unwrap().findings;
    assert!(!findings.iter().any(aegis_projections::verify::Finding::is_repairable), "{findings:?}");
}

#[tokio::test]
async fn an_imported_log_tells_its_times_up_to_its_end_and_none_beyond_the_import() {
    let installation = own().await;
    let (connection, log) = (&installation.connection, log(6));
    imported::mark(connection, &connection.namespace().events_stream(), 4).await.unwrap();
    let past = "2020-02-03T04:05:06Z";
    for (recorded, time) in log.events.iter().zip([past, past, past, FAR, past, FAR]) {
        let message = encode(recorded);
        publish(connection, message.subject, headers(&message.headers), message.body, time).await;
    }
    let running = installation.project(&installation.path("p.sqlite")).await;
    running.reaches(6).await;
    let held = crate::store::held(&running.store).await;
    let past: DateTime<Utc> = past.parse().unwrap();
    assert!(held[..3].iter().all(|event| event.recorded_at == past));
    let stored = Utc::now() - TimeDelta::minutes(1)..Utc::now();
    assert!(held[3..6].iter().all(|event| stored.contains(&event.recorded_at)), "{:?}", &held[3..6]);
}

#[tokio::test]
async fn no_heartbeat_moves_the_clock_of_the_rollups() {
    let installation = own().await;
    let connection = &installation.connection;
    let rollups = Rollups::open(&installation.path("m.sqlite"), Retention::default()).await.unwrap();
    let projector = RollupProjector::restore(connection, &rollups).await.unwrap();
    let work = tokio::spawn(projector.run(CancellationToken::new()));
    for window in 1..=10 {
        let subject = connection.namespace().heartbeat_subject(&service("echo"), &instance("a"));
        let mut beat = heartbeat("a", 0, metrics_of(window, window, 1, 1_000));
        beat.sent_at = FAR.parse().unwrap();
        let body = serde_json::to_vec(&beat).unwrap();
        publish(connection, subject, HeaderMap::new(), body, FAR).await;
    }
    wait_until("the heartbeats", LIMIT, async || {
        let at = rollups.progress().position();
        if at == Sequence(10) { Ok(()) } else { Err(at.to_string()) }
    })
    .await;
    let now = Utc::now();
    let range = Range { from: now - TimeDelta::seconds(60), to: now + TimeDelta::seconds(5), points: 100 };
    let answer = rollups.series(&service("echo"), None, range).await.unwrap();
    assert_eq!(answer.points.iter().map(|point| point.calls.ended).sum::<u64>(), 10);
    work.abort();
}

/// An election that nobody held, as a message.
fn foreign(term: u64) -> Log {
    let mut log = Log::default();
    let event = LeadershipEvent::LeaderElected {
        term: Term(term),
        instance: instance("stranger"),
        session: session(9),
        previous: None,
        reason: ElectionReason::First,
        vacancy_ms: None,
    };
    log.record(&AggregateId::Leadership(service("echo"), group("ACC-1")), event.into());
    log
}

#[tokio::test]
async fn a_term_that_no_election_can_have_made_ends_no_succession() {
    let installation = own().await;
    let connection = &installation.connection;
    let journal = Journal::new(connection);
    let id = AggregateId::Leadership(service("echo"), group("ACC-1"));
    let context = Context::new(Actor::system("test"), Utc::now());
    let running = installation.project(&installation.path("p.sqlite")).await;
    let mut at = 0;
    for (round, term) in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, 1 << 60].into_iter().enumerate() {
        let message = encode(&foreign(term).events[0]);
        publish(connection, message.subject, headers(&message.headers), message.body, FAR).await;
        let (next, owner) = (round as u64 + 1, format!("echo-{round}"));
        let executed =
            journal.execute::<Leadership>(&id, election(next, &owner, &[]), &context).await.unwrap();
        at = executed.head.sequence.get();
        let state = running.reaches(at).await;
        let view = state.leaders.values().next().unwrap();
        assert_eq!((view.term, view.instance.as_ref()), (Term(next), Some(&instance(&owner))), "{term}");
    }
    let refused = journal.execute::<Leadership>(&id, election(1 << 62, "echo-9", &[]), &context).await;
    let rejection = refused.unwrap_err().rejection().unwrap();
    assert!(matches!(rejection, leadership::Rejection::ImplausibleTerm { .. }), "{rejection}");
    assert_eq!(journal.last_sequence().await.unwrap().get(), at);
}

#[tokio::test]
async fn a_version_that_no_aggregate_can_have_is_no_event_and_those_after_it_count_on() {
    let installation = own().await;
    let connection = &installation.connection;
    let journal = Journal::new(connection);
    let id = AggregateId::Leadership(service("echo"), group("ACC-1"));
    let context = Context::new(Actor::system("test"), Utc::now());
    journal.execute::<Leadership>(&id, election(1, "echo-1", &[]), &context).await.unwrap();
    for version in ["18446744073709551615", "9223372036854775807", "1000000"] {
        let mut message = encode(&foreign(2).events[0]);
        let header = message.headers.iter_mut().find(|(name, _)| *name == ce::VERSION).unwrap();
        version.clone_into(&mut header.1);
        publish(connection, message.subject, headers(&message.headers), message.body, FAR).await;
    }
    let executed = journal.execute::<Leadership>(&id, election(2, "echo-2", &[]), &context).await.unwrap();
    let versions: Vec<_> = executed.recorded.iter().map(|recorded| recorded.envelope.version.get()).collect();
    assert_eq!(versions, [2, 3], "the end of the first owner, and the second one");
    let running = installation.project(&installation.path("p.sqlite")).await;
    let end = executed.head.sequence.get();
    let state = running.reaches(end).await;
    assert_eq!(state.leaders.values().next().unwrap().instance, Some(instance("echo-2")));
    assert_eq!(running.store.dead_letters().await.unwrap(), 3);
}

#[tokio::test]
async fn an_entry_that_claims_a_sequence_of_its_own_is_replaced_by_what_the_log_says() {
    let installation = Installation::start().await;
    let connection = &installation.connection;
    let log = log(200);
    let end = log.events.len() as u64;
    installation.record(&log.events[..199]).await;
    let running = installation.project(&installation.path("p.sqlite")).await;
    let state = running.reaches(199).await;
    let settled = async |state: State| {
        let owed = owed(&state);
        wait_until("the entries", LIMIT, async || {
            let found = all(&installation).await;
            if found == owed { Ok(()) } else { Err(format!("{found:?}")) }
        })
        .await;
    };
    settled(state.clone()).await;
    drop(running);
    let leader = state.leaders.values().next().unwrap();
    let key = format!("{}.{}", leader.service, leader.group);
    let bucket = Bucket::new(connection, connection.namespace().leaders_bucket());
    // Beyond what can be, beyond the log, within it, and no number at all; and an entry of nothing.
    for sequence in ["18446744073709551615", "9223372036854775807", "1000000", "198", "\"x\""] {
        let value = format!("{{\"sequence\":{sequence},\"instance\":\"stranger\"}}");
        let revision = bucket.read(&key).await.unwrap().revision;
        bucket.put(&key, value.clone().into(), revision, None).await.unwrap();
        let revision = bucket.read("nobody.NOWHERE").await.unwrap().revision;
        bucket.put("nobody.NOWHERE", value.into(), revision, None).await.unwrap();
        let running = installation.project(&installation.path("p.sqlite")).await;
        settled(fold(&log.events[..199])).await;
        drop(running);
    }
    let running = installation.project(&installation.path("p.sqlite")).await;
    installation.record(&log.events[199..]).await;
    settled(running.reaches(end).await).await;
}
