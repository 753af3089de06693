use std::collections::BTreeMap;
use std::time::Instant;

use aegis_domain::aggregate::instance::Status;
use aegis_domain::wire::heartbeat::{Heartbeat, Lag, Metrics};
use aegis_domain::{InstanceName, Sequence, ServiceName, Version};
use chrono::DateTime;

use super::*;
use crate::{Live, State};

/// A heartbeat of one life, with its counters.
fn heartbeat(name: &str, life: i64, window: u64, calls: u64, errors: u64) -> Heartbeat {
    let at = DateTime::from_timestamp(life, 0).unwrap();
    Heartbeat {
        service: ServiceName::new("echo").unwrap(),
        instance: InstanceName::new(name).unwrap(),
        version: Version::new("1.0.0").unwrap(),
        status: Status::Running,
        groups: vec![],
        labels: BTreeMap::new(),
        capabilities: vec![],
        unwell: None,
        life: None,
        started_at: at,
        sent_at: at,
        metrics: Metrics { window, calls, errors, calls_per_second: 10.0, ..Metrics::default() },
    }
}

fn taking(micros: u64, times: u64, mut heartbeat: Heartbeat) -> Heartbeat {
    heartbeat.metrics.latency.get_or_insert_default().record(micros, times);
    heartbeat
}

fn load(live: &Live) -> Load {
    Load::together(live.read().beats.values())
}

fn beat(live: &Live, heartbeat: Heartbeat) {
    let at = heartbeat.sent_at;
    live.beat(heartbeat, (Sequence(1), at), Instant::now());
}

#[test]
fn the_quantiles_of_a_service_are_those_of_all_calls_and_not_an_average() {
    let live = Live::new(State::default());
    // One instance has nearly all calls, and they are fast; the other one's few are slow.
    beat(&live, taking(1_000, 990, heartbeat("a", 1, 1, 990, 0)));
    beat(&live, taking(1_000_000, 10, heartbeat("b", 1, 1, 10, 0)));
    let load = load(&live);
    assert_eq!(load.latency.count(), 1_000);
    let quantile = |share| load.latency.quantile_ms(share).unwrap();
    assert!((1.0..1.01).contains(&quantile(0.99)), "an average would be 500: {}", quantile(0.99));
    assert!((1_000.0..1_010.0).contains(&quantile(0.991)), "{}", quantile(0.991));
    assert_eq!(load.calls_per_second, Some(20.0));
}

#[test]
fn errors_are_those_of_the_last_window_also_when_a_heartbeat_repeats_it() {
    let live = Live::new(State::default());
    beat(&live, heartbeat("a", 1, 1, 100, 100));
    assert_eq!(load(&live).error_percent(), None, "what happened before is not known to be recent");
    beat(&live, heartbeat("a", 1, 2, 140, 110));
    assert_eq!(load(&live).error_percent(), Some(25.0));
    beat(&live, heartbeat("a", 1, 2, 140, 110));
    assert_eq!(load(&live).error_percent(), Some(25.0), "the window was told twice");
    beat(&live, heartbeat("a", 1, 3, 140, 110));
    assert_eq!(load(&live).error_percent(), None, "nothing was called");
    beat(&live, heartbeat("a", 2, 1, 4, 1));
    assert_eq!(load(&live).error_percent(), Some(25.0), "a new life counts from zero");
}

#[test]
fn where_nothing_is_heard_there_is_no_figure() {
    let live = Live::new(State::default());
    assert_eq!(load(&live), Load::default());
    assert_eq!((load(&live).latency.quantile(0.5), load(&live).error_percent()), (None, None));
    beat(&live, heartbeat("a", 1, 1, 0, 0));
    let service = ServiceName::new("echo").unwrap();
    let of_service = Load::of(&live.read(), &service, Instant::now());
    assert_eq!(of_service, Load::default(), "whoever is not in the registry has no part in it");
}

#[test]
fn what_waits_for_a_consumer_that_instances_share_is_counted_once() {
    let live = Live::new(State::default());
    let lagging = |name: &str, lags: &[(&str, u64)]| {
        let mut heartbeat = heartbeat(name, 1, 1, 0, 0);
        let lag =
            |(consumer, pending): &(&str, u64)| Lag { consumer: (*consumer).to_owned(), pending: *pending };
        heartbeat.metrics.lag = lags.iter().map(lag).collect();
        heartbeat
    };
    beat(&live, lagging("a", &[("echo-orders", 7), ("echo-ticks", 1)]));
    beat(&live, lagging("b", &[("echo-orders", 5)]));
    let lag: Vec<_> = load(&live).lag.into_iter().collect();
    assert_eq!(lag, [("echo-orders".to_owned(), 7), ("echo-ticks".to_owned(), 1)]);
}
