//! Numbers beyond those of 32 bits, of 53 and of 64.

use std::collections::BTreeMap;

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, InstanceEvent};
use aegis_domain::wire::Namespace;
use aegis_domain::{Actor, AggregateId, Context, Envelope, Event, EventId};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::{NatsServer, wait_until};
use async_nats::HeaderMap;
use chrono::Utc;
use serde_json::json;

use crate::fleet::registration;
use crate::support::{ControlPlane, PATIENCE};

const LARGE: &str = "123456789012345678901234567890";

#[tokio::test]
async fn no_digit_of_a_large_integer_is_lost_on_the_way_to_the_api() {
    let nats = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    let id = AggregateId::Instance("desk".parse().unwrap(), "desk-1".parse().unwrap());
    let context = Context::new(Actor::user("alice"), Utc::now());
    let journal = Journal::new(&connection);
    let registered =
        journal.execute::<Instance>(&id, Command::Register(registration()), &context).await.unwrap();
    // As a program in another language may write it.
    let event = InstanceEvent::ConfigurationReported {
        configuration: json!({ "limit": "LIMIT" }),
        sources: BTreeMap::new(),
    };
    let envelope: Envelope = Envelope {
        id: EventId::from_wire("report-1"),
        aggregate: id,
        version: registered.head.version.next(),
        context,
        previous: registered.head.hash,
        event: Event::Instance(event),
    };
    let encoded = envelope.encode(&Namespace::default()).unwrap();
    let figures = format!("[9007199254740993,18446744073709551615,{LARGE},-{LARGE}]");
    let body = String::from_utf8(encoded.body).unwrap().replace("\"LIMIT\"", &figures);
    let mut headers = HeaderMap::new();
    encoded.headers.iter().for_each(|(name, value)| headers.insert(*name, value.as_str()));
    let sent = connection.jetstream().publish_with_headers(encoded.subject, headers, body.into()).await;
    sent.unwrap().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let query = "{ configuration(service: \"desk\", instance: \"desk-1\")
        events(last: 9) { edges { node { type sequence aggregateVersion data } } } }";
    let exact = format!("9007199254740993,18446744073709551615,\"{LARGE}\",\"-{LARGE}\"");
    wait_until("the figures", PATIENCE, || async {
        let request = control.http.post(control.at("/graphql")).bearer_auth(&control.token);
        let text = request.json(&json!({ "query": query })).send().await.unwrap().text().await.unwrap();
        // Once as the configuration, and once as the event.
        if text.matches(&exact).count() == 2 { Ok(()) } else { Err(text) }
    })
    .await;
}

#[tokio::test]
async fn only_what_is_small_by_its_nature_is_an_int_and_large_ones_come_in_as_texts_too() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let query = "{ __schema { types { name kind fields { name type { name ofType { name } } }
        inputFields { name type { name ofType { name } } } } } }";
    let answer = control.query(query, json!({})).await;
    let types = answer["__schema"]["types"].as_array().unwrap().iter();
    let mut ints = Vec::new();
    for one in types.filter(|one| !one["name"].as_str().unwrap().starts_with("__")) {
        for fields in ["fields", "inputFields"] {
            let fields = one[fields].as_array().into_iter().flatten();
            let of_int = fields
                .filter(|field| field["type"]["name"] == "Int" || field["type"]["ofType"]["name"] == "Int");
            ints.extend(of_int.map(|field| {
                format!("{}.{}", one["name"].as_str().unwrap(), field["name"].as_str().unwrap())
            }));
        }
    }
    let small = [
        "Figures.seconds",
        "InstanceLease.lowestPercent",
        "LeaseNode.lowestPercent",
        "MetricsSeries.resolutionSeconds",
        "Sparkline.resolutionSeconds",
    ];
    assert_eq!(ints, small);
    let types = answer["__schema"]["types"].as_array().unwrap().iter();
    let scalars = types.filter(|one| one["kind"] == "SCALAR").map(|one| one["name"].as_str().unwrap());
    let mut scalars: Vec<_> = scalars.collect();
    scalars.sort_unstable();
    assert_eq!(scalars, ["Boolean", "DateTime", "Float", "ID", "Int", "JSON", "Long", "String"]);
    for sequence in [json!(9_007_199_254_740_993_u64), json!("9007199254740993"), json!(u64::MAX)] {
        let query = "query($n: Long!) { deadLetter(sequence: $n) { sequence } }";
        let answer = control.query(query, json!({ "n": sequence })).await;
        assert_eq!(answer, json!({ "deadLetter": null }), "{sequence}");
    }
    let query = "mutation($input: DefineInput!) { define(input: $input) { ... on Rejected { code field } } }";
    let input = json!({ "service": "desk", "owner": "o", "description": "d", "version": "1.0.0", "maxInstances": 5_000_000_000_u64 });
    let answer = control.query(query, json!({ "input": input })).await;
    assert_eq!(answer["define"], json!({ "code": "INVALID_INPUT", "field": "maxInstances" }));
}
