//! Events that a newer version wrote: their types are known, and some of their values are not.

use aegis_domain::aggregate::definition::DefinitionEvent;
use aegis_domain::aggregate::instance::{InstanceEvent, Status};
use aegis_domain::aggregate::leadership::{ElectionReason, LeadershipEvent};
use aegis_domain::aggregate::{Partly, read_partly};
use aegis_domain::{AggregateId, Event};
use serde_json::{Value, json};

use crate::sample;

/// What an event says nothing without.
const NEEDED: [(&str, &str); 20] = [
    ("defined", "owner"),
    ("amended", "owner"),
    ("registered", "version"),
    ("configuration_reported", "configuration"),
    ("conflicted", "life"),
    ("status_changed", "to"),
    ("leader_elected", "term"),
    ("leader_elected", "instance"),
    ("leader_resigned", "term"),
    ("leader_resigned", "instance"),
    ("leader_lost", "term"),
    ("leader_lost", "instance"),
    ("maintenance_begun", "service"),
    ("maintenance_begun", "group"),
    ("maintenance_begun", "until"),
    ("maintenance_ended", "service"),
    ("maintenance_ended", "group"),
    ("switchover_scheduled", "to"),
    ("switchover_scheduled", "at"),
    ("switchover_begun", "at"),
];

fn read(aggregate: &str, event_type: &str, body: &Value) -> Partly {
    let id: AggregateId = aggregate.parse().unwrap();
    read_partly(&id, event_type, body.to_string().as_bytes()).unwrap()
}

#[test]
fn an_event_of_each_type_is_read_whatever_a_newer_version_says_beside_what_it_is_about() {
    let strange =
        [json!("new-word"), json!(-7.5), json!({ "x": [1] }), json!([{}, 1]), json!(true), json!(null)];
    for envelope in
        sample::envelopes().into_iter().chain(sample::later_forms().into_iter().map(|(_, later)| later))
    {
        let event_type = envelope.event.event_type();
        let name = envelope.event.entry().name;
        let Value::Object(body) = envelope.event.body().unwrap() else {
            panic!("{event_type} has no fields")
        };
        let read = |body: &Value| read_partly(&envelope.aggregate, &event_type, body.to_string().as_bytes());
        let mut more = body.clone();
        more.insert("new_field".into(), json!({ "a": [1] }));
        let whole = Partly { event: envelope.event.clone(), left_out: vec![] };
        assert_eq!(read(&more.into()).unwrap(), whole, "{event_type}");
        for field in body.keys() {
            let needed = NEEDED.contains(&(name, field))
                || matches!(field.as_str(), "term" | "sequence")
                || (name.starts_with("switchover") && matches!(field.as_str(), "service" | "group"));
            for value in &strange {
                let mut other = body.clone();
                other.insert(field.clone(), value.clone());
                match read(&Value::from(other)) {
                    Ok(partly) => assert!(
                        partly.left_out.iter().all(|part| part.split('.').next() == Some(field)),
                        "{event_type} {field} {value}: {partly:?}"
                    ),
                    Err(error) => assert!(needed, "{event_type} {field} {value}: {error}"),
                }
            }
            let mut fewer = body.clone();
            fewer.remove(field);
            assert!(read(&fewer.into()).is_ok() || needed, "{event_type} without {field}");
        }
    }
}

#[test]
fn what_the_domain_decides_by_is_known_to_be_unknown() {
    let status = |body| read("instance.echo.echo-1", "aegis.instance.status_changed.v1", &body);
    let partly = status(json!({ "from": "RUNNING", "to": "HIBERNATING" }));
    let Event::Instance(InstanceEvent::StatusChanged { from, to, reason }) = partly.event else { panic!() };
    assert_eq!((from, to, partly.left_out), (Status::Running, Status::Unknown, vec!["to".to_owned()]));
    assert!(reason.unwrap().contains("HIBERNATING"));
    assert!(to.may_become(Status::Running) && to.may_become(Status::Stopped) && !to.is_final());
    let told = status(json!({ "from": "DREAMING", "to": "RUNNING", "reason": "awake" }));
    let Event::Instance(InstanceEvent::StatusChanged { from, to, reason }) = told.event else { panic!() };
    assert_eq!((from, to, reason.as_deref()), (Status::Unknown, Status::Running, Some("awake")));

    let elected = json!({ "term": 7, "instance": "echo-2", "session": 5, "previous": null, "reason": "rebalanced",
        "vacancy_ms": "long" });
    let partly = read("leadership.echo.A", "aegis.leadership.leader_elected.v1", &elected);
    let Event::Leadership(LeadershipEvent::LeaderElected { term, instance, reason, vacancy_ms, .. }) =
        partly.event
    else {
        panic!()
    };
    assert_eq!((term.get(), instance.as_str(), vacancy_ms), (7, "echo-2", None));
    assert_eq!(reason, ElectionReason::Unknown("rebalanced".into()), "the text is kept");
    assert_eq!(partly.left_out, ["session", "vacancy_ms"]);

    let registered = json!({ "version": "2.0.0", "groups": ["A", "not valid!", 7], "labels": { "desk": "rates", "n": 5 },
        "heartbeat_ms": "often", "record_ttl_ms": 15_000, "life": 12, "zone": "b" });
    let partly = read("instance.echo.echo-1", "aegis.instance.registered.v1", &registered);
    let Event::Instance(InstanceEvent::Registered(registration)) = partly.event else { panic!() };
    assert_eq!(
        (registration.groups.len(), registration.labels.len(), registration.heartbeat_ms),
        (1, 1, 1_000)
    );
    assert_eq!(partly.left_out, ["groups", "heartbeat_ms", "labels.n", "life"]);

    let defined = json!({ "owner": "desk", "description": "d", "version": "1.0.0", "registration": "quarantine",
        "failover": { "adaptive": {} } });
    let partly = read("definition.echo", "aegis.definition.defined.v1", &defined);
    let Event::Definition(DefinitionEvent::Defined { content, .. }) = partly.event else { panic!() };
    assert_eq!((content.owner.as_str(), content.failover), ("desk", None));
    assert_eq!(partly.left_out, ["failover.adaptive", "registration"]);
}

#[test]
fn what_is_truly_unreadable_is_refused() {
    let id: AggregateId = "leadership.echo.A".parse().unwrap();
    let elected = "aegis.leadership.leader_elected.v1";
    for body in [
        "",
        "7",
        "[]",
        "null",
        "junk",
        "{}",
        r#"{"term":7}"#,
        r#"{"term":"seven","instance":"echo-1"}"#,
        r#"{"term":18446744073709551615,"instance":"echo-1"}"#,
        r#"{"term":7,"instance":"../x"}"#,
    ] {
        assert!(read_partly(&id, elected, body.as_bytes()).is_err(), "{body}");
    }
    assert!(read_partly(&id, "aegis.leadership.leader_elected.v2", b"{}").is_err());
    assert!(read_partly(&id, "aegis.leadership.leader_crowned.v1", b"{}").is_err());
}
