//! The registry wire of the Python SDK: samples as it sends them, and anything else, which is refused and
//! never a panic.

use aegis_domain::{InstanceName, ServiceName};
use aegis_legacy::{LegacyError, MESSAGE_MAX, Status, read_announcement, read_heartbeat, read_record};
use proptest::prelude::*;

const HEARTBEAT: &[u8] = include_bytes!("../samples/heartbeat.json");
const REGISTER: &[u8] = include_bytes!("../samples/register.json");
const CAMEL: &[u8] = include_bytes!("../samples/record_camel.json");
const SNAKE: &[u8] = include_bytes!("../samples/record_snake.json");
const KEY: &str = "service-instances__order-service__order-service-1f2e3d4c";
const SUBJECT: &str = "internal.heartbeat.order-service";

fn who() -> (ServiceName, InstanceName) {
    let instance = InstanceName::new("order-service-1f2e3d4c").unwrap();
    (ServiceName::new("order-service").unwrap(), instance)
}

#[test]
fn an_announcement_names_the_instance() {
    assert_eq!(read_announcement(REGISTER), Ok(who()));
}

#[test]
fn a_heartbeat_brings_the_figures_that_have_a_counterpart() {
    let (from, metrics) = read_heartbeat(SUBJECT, HEARTBEAT).unwrap();
    assert_eq!(from, who());
    assert_eq!((metrics.calls, metrics.errors), (150, 2), "its own methods, and not its calls of others");
    assert_eq!((metrics.in_flight, metrics.queue_depth, metrics.uptime_seconds), (3, 1, 812));
    assert_eq!((metrics.p50_ms, metrics.cpu_percent), (None, None), "what it does not say stays open");
}

#[test]
fn a_heartbeat_with_absurd_figures_is_still_a_sign_of_life() {
    for metrics in [
        "null",
        "[]",
        "7",
        r#"{"uptime_seconds": -4}"#,
        r#"{"uptime_seconds": 1e300, "counters": {"rpc.order-service.a.success": "many"}}"#,
        r#"{"counters": {"rpc.order-service.a.success": 18446744073709551615, "rpc.order-service.a.error": 9}}"#,
    ] {
        let body = format!(r#"{{"instance_id": "order-service-1f2e3d4c", "metrics": {metrics}}}"#);
        let (from, _) = read_heartbeat(SUBJECT, body.as_bytes()).unwrap();
        assert_eq!(from, who(), "{metrics}");
    }
}

#[test]
fn a_record_is_read_in_either_case() {
    let camel = read_record(KEY, CAMEL).unwrap().unwrap();
    assert_eq!((camel.who, camel.version.as_str(), camel.status), (who(), "1.2.3", Status::Active));
    assert_eq!(camel.group.unwrap().as_str(), "orders");
    let labels: Vec<_> = camel.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(labels, [("canary", "false"), ("region", "eu"), ("weight", "3")]);
    assert_eq!(camel.last_heartbeat.unwrap().timestamp(), 1_760_000_000);
    let snake = read_record(KEY, SNAKE).unwrap().unwrap();
    assert_eq!((snake.who, snake.status, snake.group), (who(), Status::Standby, None));
}

#[test]
fn what_is_no_instance_is_left_out_and_what_is_wrong_is_said() {
    assert_eq!(read_record("order-service", b"a definition"), Ok(None));
    let other = "service-instances__order-service__other";
    assert_eq!(read_record(other, CAMEL), Err(LegacyError::Key));
    let unknown = String::from_utf8_lossy(CAMEL).replace("\"ACTIVE\"", "\"DANCING\"");
    assert!(matches!(read_record(KEY, unknown.as_bytes()), Err(LegacyError::Body { .. })));
    let name = String::from_utf8_lossy(REGISTER).replace("order-service-1f2e3d4c", "a.b");
    assert!(matches!(read_announcement(name.as_bytes()), Err(LegacyError::Name(_))));
    let huge = vec![b' '; MESSAGE_MAX + 1];
    assert_eq!(read_heartbeat(SUBJECT, &huge), Err(LegacyError::TooLarge { size: MESSAGE_MAX + 1 }));
}

proptest! {
    #[test]
    fn junk_is_refused_without_a_panic(
        subject in ".{0,40}", key in ".{0,40}", body in any::<Vec<u8>>(), cut in any::<prop::sample::Index>(),
    ) {
        let _refused = read_announcement(&body);
        let _refused = read_heartbeat(&subject, &body);
        let _refused = read_record(&key, &body);
        for sample in [HEARTBEAT, REGISTER, CAMEL, SNAKE].map(<[u8]>::trim_ascii_end) {
            let half = &sample[..cut.index(sample.len())];
            prop_assert!(read_announcement(half).is_err() && read_heartbeat(SUBJECT, half).is_err());
            prop_assert!(read_record(KEY, half).is_err());
        }
    }
}
