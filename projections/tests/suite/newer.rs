//! A log that a newer version writes to, and a file of an older one.

use std::time::Duration;

use aegis_domain::AggregateId;
use aegis_domain::aggregate::definition::DefinitionEvent;
use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::event::CATALOGUE;
use aegis_domain::wire::Encoded;
use aegis_domain::wire::header::ce;
use aegis_projections::engine::ProblemCode;
use aegis_projections::verify::{Scope, verify};
use aegis_projections::view::InstanceStatus;
use aegis_testkit::wait_until;
use serde_json::{Value, json};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;

use crate::installation::{Installation, Running, encode};
use crate::log::{Log, content, group, instance, registration, service};
use crate::store::dump;

const PATIENCE: Duration = Duration::from_secs(20);

fn member() -> AggregateId {
    AggregateId::Instance(service("echo"), instance("echo-1"))
}

fn led() -> AggregateId {
    AggregateId::Leadership(service("echo"), group("A"))
}

/// A message of this type and body, wherever the log has come to.
fn message(log: &mut Log, aggregate: &AggregateId, event_type: &str, body: &Value) -> Encoded {
    log.record(aggregate, InstanceEvent::Recovered {}.into());
    let mut message = encode(log.events.last().unwrap());
    let headers = message.headers.iter_mut().find(|(name, _)| *name == ce::TYPE);
    event_type.clone_into(&mut headers.unwrap().1);
    message.body = body.to_string().into_bytes();
    message
}

/// What a newer version has recorded of one service.
fn newer() -> Vec<Encoded> {
    let definition = AggregateId::Definition(service("echo"));
    let mut log = Log::default();
    let mut next = |aggregate: &AggregateId, kind: &str, body| message(&mut log, aggregate, kind, &body);
    let session = "00000000-0000-0000-0000-000000000001";
    vec![
        next(
            &definition,
            "aegis.definition.defined.v1",
            json!({ "owner": "desk", "description": "d",
            "version": "2.0.0", "registration": "quarantine", "tier": 1 }),
        ),
        next(
            &member(),
            "aegis.instance.registered.v1",
            json!({ "version": "2.0.0", "groups": ["A", {}],
            "labels": { "desk": "rates", "n": 5 }, "heartbeat_ms": "often", "record_ttl_ms": 15_000 }),
        ),
        next(
            &member(),
            "aegis.instance.status_changed.v1",
            json!({ "from": "STARTING", "to": "HIBERNATING" }),
        ),
        next(
            &led(),
            "aegis.leadership.leader_elected.v1",
            json!({ "term": 1, "instance": "echo-0",
            "session": session, "previous": null, "reason": "first", "vacancy_ms": null }),
        ),
        next(
            &led(),
            "aegis.leadership.leader_elected.v1",
            json!({ "term": 2, "instance": "echo-1",
            "session": session, "previous": "echo-0", "reason": "rebalanced", "vacancy_ms": "none" }),
        ),
        next(&member(), "aegis.instance.dreamt.v1", json!({ "of": "sheep" })),
    ]
}

#[tokio::test]
async fn events_of_a_newer_version_are_folded_as_far_as_they_are_known_and_the_rest_is_named() {
    let installation = Installation::start().await;
    let running = installation.project(&installation.path("p.sqlite")).await;
    installation.publish(newer()).await;
    let state = running.reaches(6).await;
    let view = &state.instances[&(service("echo"), instance("echo-1"))];
    assert_eq!(view.status, InstanceStatus::Unknown);
    assert!(view.reason.as_ref().unwrap().contains("HIBERNATING"));
    assert!(view.state.is_alive());
    let registration = view.state.registration.as_ref().unwrap();
    assert_eq!(
        (registration.version.as_str(), registration.groups.len(), registration.labels.len()),
        ("2.0.0", 1, 1)
    );
    let leader = &state.leaders[&(service("echo"), group("A"))];
    assert_eq!((leader.term.get(), leader.instance.as_ref()), (2, Some(&instance("echo-1"))));
    assert_eq!(leader.reason.as_str(), "rebalanced");
    assert_eq!(state.definitions[&service("echo")].content.owner, "desk");
    assert_eq!(running.store.dead_letters().await.unwrap(), 1, "only the unknown type is put aside");
    let told = partly_read(&running).unwrap();
    assert!(told.contains("vacancy_ms") && told.contains("leader_elected"), "{told}");
    // What is not known yet stands in the index as it was written.
    let as_of = running.store.as_of(aegis_projections::store::At::Sequence(aegis_domain::Sequence(6))).await;
    assert_eq!(as_of.unwrap(), state);
    let scope = Scope { file: Some(&installation.path("p.sqlite")), settle: PATIENCE, ..Scope::default() };
    let report = verify(&installation.connection, scope).await.unwrap();
    let found = report.findings.iter().filter(|finding| finding.is_repairable());
    assert_eq!(found.map(ToString::to_string).collect::<Vec<_>>(), [""; 0], "the file is as the log says");
    // Also by the next process, which reads none of them again, and by a file that is made anew.
    drop(running);
    let running = installation.project(&installation.path("p.sqlite")).await;
    assert_eq!(partly_read(&running).unwrap(), told);
    drop(running);
    let running = installation.project(&installation.path("new.sqlite")).await;
    running.reaches(6).await;
    assert_eq!(partly_read(&running).unwrap(), told);
}

fn partly_read(running: &Running) -> Option<String> {
    let problems = running.store.progress().problems();
    problems
        .into_iter()
        .find(|problem| problem.code == ProblemCode::PartlyRead)
        .map(|problem| problem.message)
}

#[tokio::test]
async fn an_event_of_each_type_with_unknown_values_does_not_stop_the_projection() {
    let installation = Installation::start().await;
    let running = installation.project(&installation.path("p.sqlite")).await;
    let mut log = Log::default();
    let strange = json!({ "reason": { "x": 1 }, "from": 7, "to": [], "owner": 5, "term": "x", "life": "x",
        "sequence": -1, "silent": "most", "version": {}, "groups": "all", "configuration": [1], "missed": "many",
        "last_beat": "never", "new": null });
    let mut messages = vec![];
    for entry in CATALOGUE {
        let aggregate = match entry.kind.as_str() {
            "definition" => AggregateId::Definition(service("odd")),
            "instance" => AggregateId::Instance(service("odd"), instance("odd-1")),
            "leadership" => AggregateId::Leadership(service("odd"), group("A")),
            _ => AggregateId::Installation,
        };
        messages.push(message(&mut log, &aggregate, &entry.event_type(), &strange));
    }
    let good = AggregateId::Definition(service("echo"));
    log.record(&good, DefinitionEvent::Defined { content: content("desk"), reason: None }.into());
    messages.push(encode(log.events.last().unwrap()));
    let last = messages.len() as u64;
    installation.publish(messages).await;
    let state = running.reaches(last).await;
    assert!(state.definitions.contains_key(&service("echo")));
    // Definitions, elections, resignations, losses, step-downs, conflicts, decisions on dead letters and plans say nothing
    // without what they are about.
    assert_eq!(running.store.dead_letters().await.unwrap(), 15);
}

#[tokio::test]
async fn what_another_program_put_aside_is_tried_again_and_the_projection_is_as_if_it_had_always_been_read() {
    let installation = Installation::start().await;
    let path = installation.path("p.sqlite");
    let mut log = Log::default();
    log.record(&member(), InstanceEvent::Registered(registration()).into());
    log.record(&member(), InstanceEvent::Unhealthy { last_beat: None, missed: 3, reason: None }.into());
    let junk = message(&mut log, &member(), "aegis.instance.dreamt.v1", &json!({}));
    let messages = vec![encode(&log.events[0]), encode(&log.events[1]), junk];
    installation.publish(messages).await;
    let running = installation.project(&path).await;
    let whole = running.reaches(3).await;
    drop(running);
    let before = dump(&path).await;

    // Nothing of what another program has put aside can be read by this one: nothing is rebuilt.
    execute(&path, "UPDATE reader SET program = 'another'").await;
    let running = installation.project(&path).await;
    wait_until("the reader is this one", PATIENCE, || async {
        if dump(&path).await == before { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    assert_eq!(running.store.progress().rebuilds(), 0);
    drop(running);

    // An older one could not read the second event.
    for statement in [
        "UPDATE reader SET program = 'another'",
        "DELETE FROM events WHERE sequence = 2",
        "INSERT INTO dead_letters (sequence, recorded_at) VALUES (2, 0)",
        "UPDATE instances SET doc = replace(doc, '\"status\":\"UNHEALTHY\"', '\"status\":\"STARTING\"')",
    ] {
        execute(&path, statement).await;
    }
    let running = installation.project(&path).await;
    wait_until("it is as it should be", PATIENCE, || async {
        let state = running.live.read().state.clone();
        if state == whole && dump(&path).await == before { Ok(()) } else { Err(format!("{state:?}")) }
    })
    .await;
    assert_eq!(running.store.progress().rebuilds(), 1);
    drop(running);

    // Nor read it whole.
    for statement in [
        "UPDATE reader SET program = 'another'",
        "INSERT INTO partly (id, first, last, message) VALUES (1, 2, 2, 'in part')",
        "UPDATE instances SET doc = replace(doc, '\"status\":\"UNHEALTHY\"', '\"status\":\"UNKNOWN\"')",
    ] {
        execute(&path, statement).await;
    }
    let running = installation.project(&path).await;
    wait_until("it is as it should be, and nobody says otherwise", PATIENCE, || async {
        let state = running.live.read().state.clone();
        let right = state == whole && dump(&path).await == before && partly_read(&running).is_none();
        if right { Ok(()) } else { Err(format!("{state:?}")) }
    })
    .await;
    assert_eq!(running.store.progress().rebuilds(), 1);
}

async fn execute(path: &std::path::Path, statement: &'static str) {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::query(statement).execute(&pool).await.unwrap();
    pool.close().await;
}
