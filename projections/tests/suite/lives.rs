//! What is told of an instance after it was started anew.

use std::time::Instant;

use aegis_domain::aggregate::{Instance, instance as commands};
use aegis_domain::{AggregateId, Sequence};
use aegis_projections::live::{Live, MinuteMetrics};
use chrono::{DateTime, TimeDelta};

use crate::log::{Log, instance, registration, service};
use crate::rollups::{heartbeat, metrics_of};

#[test]
fn the_last_minute_of_an_instance_begins_with_its_life() {
    let (mut log, key) = (Log::default(), (service("echo"), instance("one")));
    let id = AggregateId::Instance(key.0.clone(), key.1.clone());
    log.execute::<Instance>(&id, commands::Command::Register(registration()));
    let live = Live::new(log.state());
    let beat = |life: i64, window: u64, second: i64| -> MinuteMetrics {
        let place = (Sequence(second.unsigned_abs()), DateTime::UNIX_EPOCH + TimeDelta::seconds(second));
        let metrics = metrics_of(window, window * 10, 10, 1_000);
        live.beat(heartbeat("one", life, metrics), place, Instant::now());
        *live.read().beats[&key].minute.metrics()
    };
    for second in 1..=30_i64 {
        beat(0, second.unsigned_abs(), second);
    }
    let (before, now) = (beat(0, 31, 31), beat(31, 1, 32));
    assert!(before.seconds >= 25 && before.calls.ended > 250, "{before:?}");
    assert_eq!((now.seconds, now.calls.ended), (1, 10), "what the earlier life did is nothing of this one");
}
