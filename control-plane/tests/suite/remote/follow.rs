//! The live log by the client.

use aegis_api_client::types::{AggregateKind, Event};
use aegis_api_client::{EventsFilter, Follow, Followed, Start};
use aegis_testkit::NatsServer;
use serde_json::json;

use super::client;
use crate::rest::{post, start};
use crate::support::{ControlPlane, PATIENCE};

async fn define(control: &ControlPlane, service: &str) -> u64 {
    let new = json!({ "service": service, "owner": "desk", "description": "d", "version": "1.0.0" });
    let answer = post(control, "/api/services", &new).await;
    answer.body["sequence"].as_u64().unwrap()
}

fn definitions() -> EventsFilter {
    EventsFilter { kinds: vec![AggregateKind::Definition], ..EventsFilter::default() }
}

async fn next(events: &mut Follow) -> Event {
    loop {
        match tokio::time::timeout(PATIENCE, events.next()).await.unwrap().unwrap() {
            Followed::Event(event) => return *event,
            Followed::Interrupted(_) => {}
        }
    }
}

#[tokio::test]
async fn it_begins_where_it_is_told_to_and_loses_nothing_when_a_wait_is_given_up() {
    let (_nats, _folder, control) = start().await;
    let client = client(&control);
    let first = define(&control, "one").await;
    let mut events = client.follow(definitions(), Start::Last(10));
    assert_eq!(next(&mut events).await.sequence, first);
    let mut after = client.follow(definitions(), Start::After(first));
    // Given up again and again, at whatever point it has come to.
    let second = tokio::spawn({
        let new = json!({ "service": "two", "owner": "desk", "description": "d", "version": "1.0.0" });
        let request = control.http.post(control.at("/api/services")).bearer_auth(&control.token).json(&new);
        async move { request.send().await.unwrap().json::<serde_json::Value>().await.unwrap() }
    });
    let event = loop {
        let step = std::time::Duration::from_millis(2);
        if let Ok(followed) = tokio::time::timeout(step, after.next()).await
            && let Followed::Event(event) = followed.unwrap()
        {
            break event;
        }
    };
    assert_eq!(json!(event.sequence), second.await.unwrap()["sequence"]);
    assert_eq!(next(&mut events).await.sequence, event.sequence);
}

#[tokio::test]
async fn a_position_that_leads_nowhere_is_an_error_for_the_caller() {
    let (_nats, _folder, control) = start().await;
    let mut events = client(&control).follow(EventsFilter::default(), Start::After(999_999));
    let error = tokio::time::timeout(PATIENCE, events.next()).await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some("HISTORY_REPLACED"), "{error}");
}

#[tokio::test]
async fn a_replica_that_ends_and_comes_back_costs_no_event() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let proxy = aegis_testkit::FaultProxy::start(control.url.trim_start_matches("http://")).await;
    let settings = aegis_api_client::Settings::new(
        format!("http://{}", proxy.address()),
        aegis_api_client::Token::new(&control.token).unwrap(),
    );
    let client = aegis_api_client::Client::new(settings).unwrap();
    let first = define(&control, "one").await;
    let mut events = client.follow(definitions(), Start::After(0));
    assert_eq!(next(&mut events).await.sequence, first);
    proxy.cut();
    proxy.drop_connections();
    let second = define(&control, "two").await;
    let told = tokio::time::timeout(PATIENCE, events.next()).await.unwrap().unwrap();
    let Followed::Interrupted(error) = told else { panic!("{told:?}") };
    assert!(error.is_retryable(), "{error}");
    proxy.pass();
    assert_eq!(next(&mut events).await.sequence, second);
}
