//! Ended instances leave the registry, by the time of the log alone.

use std::time::Instant;

use aegis_domain::aggregate::instance::{InstanceEvent, Status};
use aegis_domain::aggregate::{Instance, instance as commands};
use aegis_domain::{AggregateId, Recorded, Sequence};
use aegis_projections::engine::Entry;
use aegis_projections::fact::Fact;
use aegis_projections::live::{Live, STRANGERS_MAX};
use aegis_projections::registry::Content;
use aegis_projections::store::At;
use aegis_projections::{Retention, State};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::log::{Log, any_log, instance, registration, service};
use crate::rollups::{heartbeat, metrics_of};
use crate::store::{END, LOG, block_on, dump, entry, opened};

const KEEP: TimeDelta = TimeDelta::seconds(20);
const RETENTION: Retention = Retention { events: u64::MAX, snapshot_every: 7, keep_ended: KEEP };

/// Each event with the time at which the log took it.
type Timed<'a> = Vec<(&'a Recorded, DateTime<Utc>)>;

fn timed<'a>(events: &'a [Recorded], gaps: &[i64]) -> Timed<'a> {
    let mut time = DateTime::UNIX_EPOCH;
    let gaps = gaps.iter().cycle();
    let with_time = events.iter().zip(gaps).map(|(recorded, gap)| {
        time += TimeDelta::seconds(*gap);
        (recorded, time)
    });
    with_time.collect()
}

fn entries(events: &[(&Recorded, DateTime<Utc>)]) -> Vec<Entry<Content>> {
    events.iter().map(|(recorded, time)| Entry { recorded_at: *time, ..entry(recorded) }).collect()
}

fn fold(events: &[(&Recorded, DateTime<Utc>)]) -> State {
    let mut state = State::keeping(KEEP);
    for (recorded, time) in events {
        state.apply(Fact::from(*recorded).recorded_at(*time));
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn they_leave_at_the_same_event_however_the_log_was_cut_and_as_of_keeps_them(
        log in any_log(),
        gaps in proptest::collection::vec(prop_oneof![3 => 0..3_i64, 1 => 3..40_i64], 80),
        cuts in proptest::collection::vec((1..9_usize, proptest::bool::weighted(0.2)), 80),
    ) {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let (path, whole) = (folder.path().join("cut.sqlite"), folder.path().join("whole.sqlite"));
            let events = timed(&log.events, &gaps);
            let mut cut = opened(&path, RETENTION, LOG, END).await;
            let mut rest = &events[..];
            for (size, restart) in cuts {
                let (part, after) = rest.split_at(size.min(rest.len()));
                rest = after;
                cut.take(entries(part)).await;
                if restart {
                    cut = opened(&path, RETENTION, LOG, END).await;
                }
            }
            cut.take(entries(rest)).await;
            let mut once = opened(&whole, RETENTION, LOG, END).await;
            once.take(entries(&events)).await;
            assert_eq!(dump(&path).await, dump(&whole).await);
            assert_eq!(*opened(&path, RETENTION, LOG, END).await.state(), fold(&events));
            for end in 0..=events.len() {
                let told = cut.store.as_of(At::Sequence(Sequence(end as u64))).await.unwrap();
                assert_eq!(told, fold(&events[..end]), "as of {end}");
            }
        });
    }
}

/// One that ended, and events of another one later.
fn ended_then_later() -> Log {
    let mut log = Log::default();
    let member = |name: &str| AggregateId::Instance(service("echo"), instance(name));
    log.execute::<Instance>(&member("over"), commands::Command::Register(registration()));
    log.execute::<Instance>(&member("over"), commands::Command::Deregister { reason: "done".into() });
    log.execute::<Instance>(&member("lives"), commands::Command::Register(registration()));
    let running = commands::Command::ChangeStatus { to: Status::Running, reason: None };
    log.execute::<Instance>(&member("lives"), running);
    log
}

#[tokio::test]
async fn one_that_has_ended_stays_for_its_time_and_a_new_life_begins_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    let log = ended_then_later();
    let names = |state: &State| state.instances.keys().map(|(_, name)| name.to_string()).collect::<Vec<_>>();
    let events = timed(&log.events, &[0, 0, 20, 1]);
    assert_eq!(names(&fold(&events[..3])), ["lives", "over"], "not a moment before");
    assert_eq!(names(&fold(&events)), ["lives"]);
    let mut opened = opened(&folder.path().join("p.sqlite"), RETENTION, LOG, END).await;
    opened.take(entries(&events)).await;
    assert_eq!(names(opened.state()), ["lives"]);
    let mut later = Log { events: log.events.clone() };
    let over = AggregateId::Instance(service("echo"), instance("over"));
    later.execute::<Instance>(&over, commands::Command::Register(registration()));
    assert_eq!(names(&fold(&timed(&later.events, &[0, 0, 20, 1, 0]))), ["lives", "over"]);
}

#[tokio::test]
async fn with_another_time_than_before_the_file_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sqlite");
    let log = ended_then_later();
    let events = timed(&log.events, &[0, 0, 20, 1]);
    opened(&path, RETENTION, LOG, END).await.take(entries(&events)).await;
    let longer = Retention { keep_ended: TimeDelta::seconds(60), ..RETENTION };
    let mut again = opened(&path, longer, LOG, END).await;
    assert_eq!(again.state().position, Sequence::ZERO, "it is read anew");
    again.take(entries(&events)).await;
    assert_eq!(again.state().instances.len(), 2);
}

#[test]
fn one_that_is_forgotten_leaves_at_once_and_nothing_of_it_stays_in_memory() {
    let mut log = ended_then_later();
    let over = AggregateId::Instance(service("echo"), instance("over"));
    log.record(&over, InstanceEvent::Forgotten { reason: "cleared".into() }.into());
    let mut state = State::default();
    let mut gone = Vec::new();
    log.events.iter().for_each(|recorded| gone.extend(state.apply(recorded)));
    assert_eq!(gone, [(service("echo"), instance("over"))]);
    assert_eq!(state.instances.len(), 1);
}

#[test]
fn heartbeats_of_strangers_are_bounded_and_those_of_known_instances_are_not() {
    let mut log = ended_then_later();
    for n in 0..5 {
        let id = AggregateId::Instance(service("echo"), instance(&format!("known-{n}")));
        log.execute::<Instance>(&id, commands::Command::Register(registration()));
    }
    let live = Live::new(log.state());
    let beat = |name: &str| {
        let place = (Sequence(1), DateTime::UNIX_EPOCH);
        live.beat(heartbeat(name, 0, metrics_of(1, 1, 1, 1)), place, Instant::now())
    };
    let kept = (0..STRANGERS_MAX + 100).filter(|n| beat(&format!("stranger-{n}"))).count();
    assert_eq!(kept, STRANGERS_MAX + live.read().state.instances.len());
    assert!((0..5).all(|n| beat(&format!("known-{n}"))) && beat("stranger-1"));
}

#[tokio::test]
async fn what_the_index_does_not_mention_any_more_leaves_no_names_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole) = (folder.path().join("p.sqlite"), folder.path().join("whole.sqlite"));
    let retention = Retention { events: 60, snapshot_every: 20, keep_ended: TimeDelta::seconds(5) };
    let mut log = Log::default();
    for n in 0..400 {
        // A name of its own each, as it is where nobody gives names.
        let id = AggregateId::Instance(service("echo"), instance(&format!("echo-{n}")));
        log.record(&id, InstanceEvent::Registered(registration()).into());
        log.record(&id, InstanceEvent::Deregistered { reason: "done".into() }.into());
    }
    let mut opened_here = opened(&path, retention, LOG, END).await;
    let events = timed(&log.events, &[1]);
    let mut most = 0;
    for part in events.chunks(7) {
        opened_here.take(entries(part)).await;
        // A restart knows as much.
        opened_here = opened(&path, retention, LOG, END).await;
        most = most.max(names(&opened_here.store).await);
    }
    assert!(most < 120, "{most} names of 800 events");
    let mut at_once = opened(&whole, retention, LOG, END).await;
    at_once.take(entries(&events)).await;
    assert_eq!(dump(&path).await, dump(&whole).await);
    let held = crate::store::held(&opened_here.store).await;
    assert!(held.iter().all(|event| event.aggregate.starts_with("instance.echo.echo-")), "{held:?}");
    assert_eq!(held.last().unwrap().event_type, "aegis.instance.deregistered.v1");
}

async fn names(store: &aegis_projections::Store) -> i64 {
    let pool = store.database().pool().await;
    sqlx::query_scalar("SELECT count(*) FROM names").fetch_one(&*pool).await.unwrap()
}
