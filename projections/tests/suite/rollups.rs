//! The rollups: the same tables however the heartbeats came in, and true answers from them.

use std::collections::BTreeMap;
use std::path::Path;

use aegis_domain::Sequence;
use aegis_domain::aggregate::instance::Status;
use aegis_domain::wire::heartbeat::{Heartbeat, Lag, Messages, Metrics};
use aegis_domain::wire::latency::Latency;
use aegis_projections::engine::{Entry, Held, Stream};
use aegis_projections::rollups::{Answer, Point, Range, Retention, Rolling, Rollups};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::log::{instance, registration, service};
use crate::store::{END, block_on, dump};

const STREAM: &str = "AEGIS_HEARTBEATS created today";
/// The first moment of these streams, at the beginning of an hour.
const START: i64 = 1_760_000_400;
const SHORT: Retention = Retention { seconds: 60, tens: 120, minutes: 300 };

type Beats = Vec<Entry<Option<Box<Heartbeat>>>>;

/// The rollups, with the projection that writes them.
struct Opened {
    rollups: Rollups,
    held: Held<Rolling>,
}

async fn opened(path: &Path, retention: Retention) -> Opened {
    let rollups = Rollups::open(path, retention).await.unwrap();
    let stream = Stream::new(STREAM, END);
    let held = Held::restore(rollups.database().clone(), &retention, &stream).await.unwrap();
    Opened { rollups, held }
}

impl Opened {
    /// Applies and commits, twice, as after an answer that was lost.
    async fn take(&mut self, beats: Beats) {
        let folded = [self.held.fold(beats)];
        self.held.commit(&folded).await.unwrap();
        self.held.commit(&folded).await.unwrap();
    }

    async fn ask(&self, name: Option<&str>, from: i64, to: i64, points: u32) -> Answer {
        let range = Range { from: at(from), to: at(to), points };
        let name = name.map(instance);
        self.rollups.series(&service("echo"), name.as_ref(), range).await.unwrap()
    }

    async fn rows(&self) -> i64 {
        let pool = self.rollups.database().pool().await;
        sqlx::query_scalar("SELECT count(*) FROM windows").fetch_one(&*pool).await.unwrap()
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(START + seconds, 0).unwrap()
}

/// A heartbeat of `echo`, with these metrics.
pub(crate) fn heartbeat(name: &str, life: i64, metrics: Metrics) -> Heartbeat {
    Heartbeat {
        service: service("echo"),
        instance: instance(name),
        version: registration().version,
        status: Status::Running,
        groups: vec![],
        labels: BTreeMap::new(),
        capabilities: vec![],
        unwell: None,
        life: None,
        started_at: at(life),
        sent_at: at(life),
        metrics,
    }
}

/// The metrics of a window in which so many calls took so long.
pub(crate) fn metrics_of(window: u64, total: u64, calls: u64, micros: u64) -> Metrics {
    let mut latency = Latency::default();
    latency.record(micros, calls);
    let latency = (calls > 0).then_some(latency);
    Metrics { window, calls: total, latency, ..Metrics::default() }
}

fn waiting(consumer: &str, pending: u64) -> Lag {
    Lag { consumer: consumer.to_owned(), pending }
}

/// Heartbeats as the stream numbers them, each with the second at which it came.
fn stream(beats: Vec<(i64, Heartbeat)>) -> Beats {
    let entry = |(index, (second, beat)): (usize, (i64, Heartbeat))| Entry {
        sequence: Sequence(index as u64 + 1),
        recorded_at: at(second),
        pending: 0,
        anchor: None,
        value: Some(Box::new(beat)),
    };
    beats.into_iter().enumerate().map(entry).collect()
}

fn copy(beats: &[Entry<Option<Box<Heartbeat>>>]) -> Beats {
    let copy = |entry: &Entry<Option<Box<Heartbeat>>>| Entry {
        sequence: entry.sequence,
        recorded_at: entry.recorded_at,
        pending: entry.pending,
        anchor: None,
        value: entry.value.clone(),
    };
    beats.iter().map(copy).collect()
}

/// What one step of a stream is: how much later, whose, and what it says.
#[derive(Debug, Clone)]
enum Said {
    Junk,
    Again,
    Restarted,
    Window { calls: u64, errors: u64, micros: u64, cpu: Option<f64>, events: u64 },
}

fn said() -> impl Strategy<Value = Said> {
    let window = (0..20_u64, 0..5_u64, 1..2_000_000_u64, proptest::option::of(0.0..400.0_f64), 0..3_u64)
        .prop_map(|(calls, errors, micros, cpu, events)| Said::Window { calls, errors, micros, cpu, events });
    prop_oneof![1 => Just(Said::Junk), 1 => Just(Said::Again), 1 => Just(Said::Restarted), 8 => window]
}

/// Heartbeats of a few instances as they might come, and with what none of them says.
fn any_stream() -> impl Strategy<Value = Beats> {
    let gap = prop_oneof![6 => 0..1_500_i64, 2 => 0..15_000_i64, 1 => 0..200_000_i64, 1 => 0..700_000_i64];
    let sequence = prop_oneof![9 => Just(1_u64), 1 => 2..50_u64];
    proptest::collection::vec((gap, sequence, 0..3_usize, said()), 1..120).prop_map(|steps| {
        let (mut millis, mut last, mut lives) = (0, 0, vec![(0, Metrics::default()); 3]);
        let entries = steps.into_iter().map(|(gap, skipped, who, said)| {
            millis += gap;
            last += skipped;
            let (life, metrics) = &mut lives[who];
            match &said {
                Said::Junk | Said::Again => {}
                Said::Restarted => {
                    *life += 1;
                    *metrics = metrics_of(1, 3, 3, 1_000);
                }
                Said::Window { calls, errors, micros, cpu, events } => {
                    let total = metrics.calls + calls;
                    let errors = metrics.errors + *errors.min(calls);
                    let window = metrics_of(metrics.window + 1, total, *calls, *micros);
                    let queue_depth = *calls;
                    let consumed = metrics.events.consumed + events;
                    let events = Messages { consumed, ..metrics.events };
                    let lag = vec![waiting("orders", consumed)];
                    *metrics = Metrics { errors, cpu_percent: *cpu, queue_depth, events, lag, ..window };
                }
            }
            let beat = heartbeat(&format!("echo-{who}"), *life, metrics.clone());
            let value = (!matches!(said, Said::Junk)).then(|| Box::new(beat));
            let recorded_at = at(0) + TimeDelta::milliseconds(millis);
            Entry { sequence: Sequence(last), recorded_at, pending: 0, anchor: None, value }
        });
        entries.collect()
    })
}

proptest! {
    // Each case writes files.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_tables_are_the_same_however_the_stream_was_cut_repeated_and_interrupted(
        beats in any_stream(),
        steps in proptest::collection::vec((1..9_usize, 0..6_usize, 0..5_u8), 60),
    ) {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let (path, whole) = (folder.path().join("cut.sqlite"), folder.path().join("whole.sqlite"));
            let mut cut = opened(&path, SHORT).await;
            let mut done = 0;
            let mut waiting = Vec::new();
            for (forward, back, what) in steps {
                let end = (done + forward).min(beats.len());
                waiting.push(cut.held.fold(copy(&beats[done.saturating_sub(back)..end])));
                done = end;
                // As while the file cannot be written.
                if what > 1 {
                    continue;
                }
                cut.held.commit(&waiting).await.unwrap();
                waiting.clear();
                if what == 0 {
                    cut = opened(&path, SHORT).await;
                }
            }
            cut.held.commit(&waiting).await.unwrap();
            let mut once = opened(&whole, SHORT).await;
            once.take(copy(&beats[..done])).await;
            assert_eq!(dump(&path).await, dump(&whole).await);
            for (from, to) in [(-30, 40), (0, 300), (0, 4_000)] {
                assert_eq!(cut.ask(None, from, to, 60).await, once.ask(None, from, to, 60).await);
            }
        });
    }
}

#[tokio::test]
async fn a_window_that_ended_before_a_restart_takes_nothing_in_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.sqlite");
    let said = [(1, "a"), (15, "b"), (16, "a"), (35, "b"), (36, "a"), (70, "b")];
    let beats = said
        .iter()
        .zip(1..)
        .map(|((second, name), n)| (*second, heartbeat(name, 0, metrics_of(n, n * n, n, 1_000))));
    let beats = stream(beats.collect());
    opened(&whole, SHORT).await.take(copy(&beats)).await;
    for restart in 1..beats.len() {
        let path = folder.path().join(format!("{restart}.sqlite"));
        for part in [&beats[..restart], &beats[restart..]] {
            opened(&path, SHORT).await.take(copy(part)).await;
        }
        assert_eq!(dump(&path).await, dump(&whole).await, "{restart}");
    }
}

/// Two instances beat every second for so long: one has 98 calls of 1 ms each second, the other two of 1 s.
fn two(seconds: i64) -> Beats {
    let beats = (0..seconds).flat_map(|second| {
        let window = second.unsigned_abs() + 1;
        let fast = heartbeat("fast", 0, metrics_of(window, 98 * window, 98, 1_000));
        let mut slow = heartbeat("slow", 0, metrics_of(window, 2 * window, 2, 1_000_000));
        slow.metrics.errors = window;
        slow.metrics.in_flight = window % 7;
        [(second, fast), (second, slow)]
    });
    stream(beats.collect())
}

fn quantiles(point: &Point) -> (f64, f64) {
    (point.latency.quantile_ms(0.98).unwrap(), point.latency.quantile_ms(0.99).unwrap())
}

#[tokio::test]
async fn a_window_of_a_service_has_the_true_quantiles_of_all_its_calls_at_every_resolution() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = opened(&folder.path().join("m.sqlite"), Retention::default()).await;
    opened.take(two(150)).await;
    for (points, resolution, seconds) in [(300, 1, 1), (12, 10, 10), (2, 60, 60)] {
        let answer = opened.ask(None, 0, 120, points).await;
        assert_eq!((answer.resolution, answer.points.len() as i64), (resolution, 120 / resolution));
        for point in &answer.points[1..] {
            assert_eq!((point.calls.ended, point.calls.failed), (100 * seconds, seconds), "{points}");
            let (p98, p99) = quantiles(point);
            assert!((1.0..1.01).contains(&p98) && (1_000.0..1_010.0).contains(&p99), "{p98} {p99}");
        }
    }
    // The open minute has no row yet, and is told all the same.
    let open = opened.ask(Some("slow"), 120, 180, 1).await;
    assert_eq!((open.resolution, open.points[0].calls.ended, open.points[0].in_flight_max), (60, 60, 6));
    assert_eq!(open.points[0].in_flight, 150 % 7);
    assert_eq!(opened.ask(Some("nobody"), 0, 60, 60).await.points, []);
}

#[tokio::test]
async fn silence_is_a_gap_and_the_calls_of_a_lost_heartbeat_are_counted_with_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = opened(&folder.path().join("m.sqlite"), Retention::default()).await;
    let beat = |second: i64, total, calls| {
        (second, heartbeat("a", 0, metrics_of(second.unsigned_abs() + 1, total, calls, 1_000)))
    };
    let restarted = (9, heartbeat("a", 5, metrics_of(1, 4, 4, 1_000)));
    // Within a window the status has changed, and its metrics came once more.
    let mut again = beat(1, 15, 5);
    again.0 = 2;
    opened.take(stream(vec![beat(0, 10, 10), beat(1, 15, 5), again, beat(5, 40, 5), restarted])).await;
    let answer = opened.ask(Some("a"), 0, 20, 60).await;
    let told = answer.points.iter().map(|it| (it.at.timestamp() - START, it.calls.ended));
    assert_eq!(told.collect::<Vec<_>>(), [(0, 10), (1, 5), (5, 25), (9, 4)]);
    assert_eq!(answer.points.iter().map(|point| point.latency.count()).sum::<u64>(), 24);
}

#[tokio::test]
async fn messages_are_counted_by_window_and_what_waits_for_shared_consumers_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = opened(&folder.path().join("m.sqlite"), Retention::default()).await;
    let beat = |name: &str, life, second: i64, events: Messages, commands: Messages, pending: u64| {
        let lag = vec![waiting("orders", pending), waiting("ticks", 1)];
        let window = second.unsigned_abs() + 1;
        (second, heartbeat(name, life, Metrics { events, commands, lag, ..metrics_of(window, 0, 0, 1) }))
    };
    let events =
        |published, consumed| Messages { published, consumed, failed: consumed / 2, ..Messages::default() };
    let commands =
        |dead_lettered| Messages { dead_lettered, retried: 2 * dead_lettered, ..Messages::default() };
    let beats = vec![
        // What came before the first heartbeat was when nobody knows.
        beat("a", 0, 0, events(1_000, 1_000), commands(9), 5),
        beat("b", 0, 0, events(0, 0), commands(0), 7),
        beat("a", 0, 1, events(1_003, 1_004), commands(10), 4),
        beat("b", 0, 1, events(2, 0), commands(0), 6),
        // A new life counts from zero.
        beat("a", 2, 2, events(4, 2), commands(1), 0),
    ];
    opened.take(stream(beats)).await;
    let told = |point: &Point| {
        (point.at.timestamp() - START, point.events, point.commands, point.lag, point.lag_max)
    };
    let of_a = opened.ask(Some("a"), 0, 10, 60).await;
    let none = Messages::default();
    let want = [
        (0, none, none, 6, 6),
        (1, Messages { published: 3, consumed: 4, failed: 2, ..none }, commands(1), 5, 5),
        (2, events(4, 2), commands(1), 1, 1),
    ];
    assert_eq!(of_a.points.iter().map(told).collect::<Vec<_>>(), want);
    let together = opened.ask(None, 0, 10, 1).await;
    let point = &together.points[0];
    assert_eq!((point.events.published, point.events.consumed, point.commands.dead_lettered), (9, 6, 2));
    assert_eq!((point.lag, point.lag_max), (7, 8), "the most that one of them says");
}

#[tokio::test]
async fn a_file_that_is_full_grows_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = opened(&folder.path().join("m.sqlite"), SHORT).await;
    let mut rows = vec![];
    for part in two(1_500).chunks(97) {
        opened.take(copy(part)).await;
        rows.push(opened.rows().await);
    }
    // Of each of the two instances, and of both together: the seconds of 70 s, the tens of 130 s, the minutes of 360 s.
    let most = 3 * (70 + 13 + 6);
    assert!(rows.iter().all(|rows| *rows <= most), "{rows:?}");
    assert_eq!(opened.ask(None, 0, 1_500, 2_000).await.points.first().unwrap().at, at(1_200));
    // Who is silent for longer than anything is kept is forgotten, and the service with the last of them.
    let other = Heartbeat { service: service("other"), ..heartbeat("new", 0, metrics_of(1, 0, 0, 1)) };
    let mut late = stream(vec![(2_000, other)]);
    late[0].sequence = Sequence(10_000);
    opened.take(late).await;
    let dump = dump(&folder.path().join("m.sqlite")).await;
    assert!(dump.contains("'other'") && dump.contains("'new'"), "{dump}");
    assert!(["'echo'", "'fast'", "'slow'"].iter().all(|name| !dump.contains(name)), "{dump}");
}

#[tokio::test]
async fn the_finest_windows_that_are_kept_and_are_not_too_many_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = opened(&folder.path().join("m.sqlite"), SHORT).await;
    opened.take(two(600)).await;
    for (from, to, points, resolution) in [
        (550, 600, 50, 1),
        (550, 600, 25, 2),
        (550, 600, 5, 10),
        // The seconds are gone.
        (500, 600, 100, 10),
        (480, 600, 6, 20),
        (300, 600, 300, 60),
        (0, 600, 4, 180),
        (590, 600, 1, 10),
    ] {
        let answer = opened.ask(None, from, to, points).await;
        assert_eq!(answer.resolution, resolution, "{from} to {to} in {points}");
        assert!(answer.points.len() <= points as usize, "{}", answer.points.len());
    }
}
