use std::collections::BTreeMap;

use aegis_domain::aggregate::instance::Status;
use aegis_domain::wire::heartbeat::Metrics;
use aegis_domain::wire::latency::Latency;
use aegis_domain::{InstanceName, ServiceName, Version};

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000_000 + second, 0).unwrap()
}

fn key(name: &str) -> InstanceKey {
    (ServiceName::new("echo").unwrap(), InstanceName::new(name).unwrap())
}

/// So many calls since the start, of which so many failed, and so many in the window.
fn method(name: &str, count: u64, errors: u64, window: u64, micros: u64) -> Measured {
    let mut latency = Latency::default();
    latency.record(micros, window);
    let codes = if errors > 0 { BTreeMap::from([("TIMEOUT".to_owned(), errors)]) } else { BTreeMap::new() };
    let latency = (window > 0).then_some(latency);
    Measured { role: Role::Serve, name: name.to_owned(), count, errors, in_flight: 1, codes, latency }
}

fn heartbeat(of: &InstanceKey, life: i64, methods: Vec<Measured>) -> Heartbeat {
    Heartbeat {
        service: of.0.clone(),
        instance: of.1.clone(),
        version: Version::new("1.0.0").unwrap(),
        status: Status::Running,
        groups: vec![],
        labels: BTreeMap::new(),
        capabilities: vec![],
        unwell: None,
        life: None,
        started_at: at(life),
        sent_at: at(life),
        metrics: Metrics { methods, ..Metrics::default() },
    }
}

fn read(methods: &Methods, names: &[&str], now: i64) -> Vec<Together> {
    let keys: Vec<_> = names.iter().map(|name| key(name)).collect();
    together(keys.iter().flat_map(|key| methods.of(key).map(move |it| (key, it))), at(now))
}

#[test]
fn a_method_of_several_instances_is_told_as_one_with_the_worst_of_them() {
    let mut methods = Methods::default();
    let (fast, slow) = (key("fast"), key("slow"));
    for second in 0..100_u64 {
        let now = at(second.cast_signed());
        let calls = 99 * (second + 1);
        methods.take(&fast, &heartbeat(&fast, 0, vec![method("quote", calls, 0, 99, 1_000)]), now);
        let some = method("quote", second + 1, second / 10, 1, 500_000);
        methods.take(&slow, &heartbeat(&slow, 0, vec![some, method("cancel", 1, 0, 0, 0)]), now);
    }
    let told = read(&methods, &["fast", "slow"], 99);
    let [cancel, quote] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((cancel.name.as_str(), cancel.instances, cancel.metrics.calls.ended), ("cancel", 1, 0));
    assert_eq!((cancel.worst.as_ref(), cancel.trace.len()), (None, 0));
    assert_eq!((quote.instances, quote.in_flight, &quote.codes["TIMEOUT"]), (2, 2, &9));
    let metrics = quote.metrics;
    assert!((99.0..102.0).contains(&metrics.calls_per_second()), "{metrics:?}");
    assert!(metrics.p50_ms.unwrap() < 1.1 && metrics.p99_ms.unwrap() < 1.1, "{metrics:?}");
    assert_eq!(metrics.calls.failed, 6, "in the last minute");
    assert_eq!(quote.worst, Some(slow));
    assert_eq!((quote.trace.len(), quote.trace[1]), (10, (at(10), Calls { ended: 1_000, failed: 1 })));
    let alone = read(&methods, &["slow"], 99);
    assert!(alone[1].metrics.p50_ms.unwrap() > 499.0 && alone[1].worst.is_none(), "{alone:?}");
}

#[test]
fn a_trace_is_of_five_minutes_and_a_new_life_begins_anew() {
    let mut methods = Methods::default();
    let one = key("one");
    for second in 0..1_000_u64 {
        let told = method("quote", second + 1, 0, 1, 1_000);
        methods.take(&one, &heartbeat(&one, 0, vec![told]), at(second.cast_signed()));
    }
    assert_eq!(read(&methods, &["one"], 999)[0].trace.len(), TRACE);
    assert_eq!(read(&methods, &["one"], 1_149)[0].trace.len(), TRACE / 2);
    methods.take(&one, &heartbeat(&one, 1_000, vec![method("cancel", 3, 1, 3, 1_000)]), at(1_001));
    let told = read(&methods, &["one"], 1_002);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].name.as_str(), told[0].metrics.calls), ("cancel", Calls { ended: 3, failed: 1 }));
    assert_eq!(methods.count, 1);
    methods.forget(&one);
    assert_eq!((methods.count, methods.of.len()), (0, 0));
}

#[test]
fn what_is_kept_is_bounded_for_an_instance_and_for_all() {
    let mut methods = Methods::default();
    let one = key("one");
    for window in 0..100_u64 {
        let named = (0..MEASURED_MAX).map(|n| method(&format!("m{window}x{n}"), 1, 0, 1, 1_000)).collect();
        methods.take(&one, &heartbeat(&one, 0, named), at(window.cast_signed()));
    }
    assert_eq!((methods.count, methods.of(&one).count()), (MEASURED_MAX, MEASURED_MAX));
    assert!(methods.of(&one).all(|method| method.told.name.starts_with("m99x")));
    for n in 0..METHODS_MAX {
        let other = key(&format!("other-{n}"));
        methods.take(&other, &heartbeat(&other, 0, vec![method("quote", 1, 0, 1, 1_000)]), at(0));
    }
    assert_eq!(methods.count, METHODS_MAX);
    methods.retain(|key| *key == one);
    assert_eq!(methods.count, MEASURED_MAX);
}

#[test]
fn a_call_that_another_owner_answers_is_no_failure_of_the_method() {
    let mut methods = Methods::default();
    let one = key("one");
    let told = |count: u64, refused: u64, timeouts: u64, role: Role| {
        let codes = BTreeMap::from([("NOT_ACTIVE".to_owned(), refused), ("TIMEOUT".to_owned(), timeouts)]);
        Measured { role, codes, errors: refused + timeouts, ..method("quote", count, 0, 0, 0) }
    };
    for (second, role) in [(0_i64, Role::Serve), (10, Role::Serve), (10, Role::Call), (11, Role::Call)] {
        let refused = second.unsigned_abs() * 4;
        let told = told(100 + second.unsigned_abs() * 10, refused, second.unsigned_abs() / 10, role);
        methods.take(&one, &heartbeat(&one, 0, vec![told]), at(second));
    }
    let told = read(&methods, &["one"], 12);
    let of = |role| told.iter().find(|it| it.role == role).unwrap();
    assert_eq!(of(Role::Serve).metrics.calls, Calls { ended: 100, failed: 1 });
    assert_eq!(of(Role::Serve).codes["NOT_ACTIVE"], 40, "they are told by their code");
    assert_eq!(of(Role::Call).metrics.calls.failed, 4, "a caller got no other answer");
}
