//! Lists of instances: filtered, ordered and paged by the server, asked for and followed.

use std::collections::BTreeMap;

use aegis_sdk::{Service, ServiceConfig};
use aegis_testkit::{NatsServer, wait_until};
use serde_json::{Value, json};

use crate::subscriptions::{hear, next, start, subscribed};
use crate::support::{ControlPlane, PATIENCE};

const LIST: &str = "query($first: Int!, $after: String, $filter: InstanceFilter, $order: InstanceOrder) {
    instances(first: $first, after: $after, filter: $filter, orderBy: $order) {
        nodes { id } pageInfo { endCursor hasNextPage } totalCount } }";
const FOLLOW: &str =
    "subscription($filter: InstanceFilter, $order: InstanceOrder, $first: Int, $offset: Int!) {
    instanceChanges(filter: $filter, orderBy: $order, first: $first, offset: $offset) { __typename
        ... on InstanceSnapshot { instances { id } totalCount counts { status count } }
        ... on InstanceDelta { changed { id } removed order totalCount counts { status count } } } }";

async fn instance(nats: &NatsServer, name: &str, version: &str, zone: &str) -> Service {
    let mut config = ServiceConfig::new("echo", version).unwrap();
    (config.nats_url, config.instance) = (nats.url(), Some(name.parse().unwrap()));
    config.labels = BTreeMap::from([("zone".to_owned(), zone.to_owned())]);
    Service::builder(config).start().await.unwrap()
}

fn ids(list: &Value) -> Vec<String> {
    let id =
        |node: &Value| node.as_str().or(node["id"].as_str()).unwrap().trim_start_matches("echo/").to_owned();
    list.as_array().unwrap().iter().map(id).collect()
}

async fn listed(control: &ControlPlane, filter: Value, order: Value) -> Vec<String> {
    let variables = json!({ "first": 50, "filter": filter, "order": order });
    let answer = control.query(LIST, variables).await;
    ids(&answer["instances"]["nodes"])
}

#[tokio::test]
async fn a_list_is_filtered_ordered_and_paged_by_the_server() {
    let (nats, _folder, control) = start().await;
    let mut running = Vec::new();
    for (name, version, zone) in [("a", "1.9.0", "north"), ("b", "1.10.0", "south"), ("c", "1.2.0", "north")]
    {
        running.push(instance(&nats, name, version, zone).await);
    }
    let name = json!({ "field": "NAME" });
    wait_until("all three run", PATIENCE, || async {
        let found = listed(&control, json!({ "statuses": ["RUNNING"] }), name.clone()).await;
        if found == ["a", "b", "c"] { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    let by = |field: &str, descending: bool| json!({ "field": field, "descending": descending });
    assert_eq!(listed(&control, json!({}), by("VERSION", false)).await, ["c", "a", "b"], "numbers, not text");
    assert_eq!(listed(&control, json!({}), by("VERSION", true)).await, ["b", "a", "c"]);
    assert_eq!(listed(&control, json!({}), by("REGISTERED_AT", true)).await, ["c", "b", "a"]);
    let north = json!({ "labels": [{ "key": "zone", "value": "north" }] });
    assert_eq!(listed(&control, north, name.clone()).await, ["a", "c"]);
    assert_eq!(listed(&control, json!({ "labels": [{ "key": "zone" }] }), name.clone()).await.len(), 3);
    assert_eq!(listed(&control, json!({ "labels": [{ "key": "rack" }] }), name.clone()).await.len(), 0);
    assert_eq!(listed(&control, json!({ "version": "1.10.0" }), name.clone()).await, ["b"]);
    // Page by page, in an order by a figure; nobody was called, so all are equal by it once it is known of all.
    wait_until("figures of the last minute", PATIENCE, || async {
        let told = control.query("{ instances { nodes { minute { calls } } } }", json!({})).await;
        let nodes = told["instances"]["nodes"].as_array().unwrap();
        if nodes.iter().all(|node| node["minute"].is_object()) { Ok(()) } else { Err(told.to_string()) }
    })
    .await;
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let variables = json!({ "first": 1, "after": after, "order": by("CALLS_PER_SECOND", true) });
        let answer = control.query(LIST, variables).await["instances"].take();
        seen.extend(ids(&answer["nodes"]));
        after = answer["pageInfo"]["endCursor"].clone();
        if answer["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen, ["a", "b", "c"]);
    // A cursor of another list is none of this one.
    let answer = control.ask(LIST, json!({ "first": 1, "after": "echo" })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{answer}");
    for one in running {
        one.stop("done").await.unwrap();
    }
}

#[tokio::test]
async fn a_page_is_followed_with_what_changes_on_it_and_where_everything_stands() {
    let (nats, _folder, control) = start().await;
    let first = instance(&nats, "b", "1.0.0", "north").await;
    let second = instance(&nats, "c", "1.0.0", "north").await;
    let all = json!({ "order": { "field": "NAME" }, "first": 1, "offset": 0 });
    wait_until("both are registered", PATIENCE, || async {
        let found = listed(&control, json!({ "statuses": ["RUNNING"] }), json!({ "field": "NAME" })).await;
        if found.len() == 2 { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    let mut socket = subscribed(&control, FOLLOW, all).await;
    let snapshot = next(&mut socket, "instanceChanges").await;
    assert_eq!((ids(&snapshot["instances"]), &snapshot["totalCount"]), (vec!["b".to_owned()], &json!(2)));
    assert_eq!(snapshot["counts"], json!([{ "status": "RUNNING", "count": 2 }]));
    // The longest page with every field of a row is within what a document may cost.
    let whole = "subscription { instanceChanges(first: 500) { __typename ... on InstanceSnapshot { instances { ...I } }
        ... on InstanceDelta { changed { ...I } } } } fragment I on Instance { id service instance version status reason statusSince
        registeredAt groups { group } labels defined flapping lastBeatAt metrics { inFlight } }";
    let mut longest = subscribed(&control, whole, json!({})).await;
    assert_eq!(ids(&next(&mut longest, "instanceChanges").await["instances"]).len(), 2);
    // Another one comes before it, and pushes it off the page.
    let third = instance(&nats, "a", "1.0.0", "north").await;
    let delta = loop {
        let delta = next(&mut socket, "instanceChanges").await;
        let changed = ids(&delta["changed"]);
        assert!(changed.iter().all(|id| id == "a" || id == "b"), "only what is on the page is told: {delta}");
        if !delta["order"].is_null() {
            break delta;
        }
    };
    assert_eq!((ids(&delta["order"]), ids(&delta["changed"])), (vec!["a".to_owned()], vec!["a".to_owned()]));
    assert_eq!((ids(&delta["removed"]), &delta["totalCount"]), (vec!["b".to_owned()], &json!(3)));
    // What ends stays in the list for a while, with another status: the counts tell it though its row is on no page.
    second.stop("done").await.unwrap();
    loop {
        let delta = next(&mut socket, "instanceChanges").await;
        assert_eq!(ids(&delta["removed"]), Vec::<String>::new(), "{delta}");
        let stopped = json!({ "status": "STOPPED", "count": 1 });
        if delta["counts"].as_array().is_some_and(|counts| counts.contains(&stopped)) {
            break;
        }
    }
    for one in [first, third] {
        one.stop("done").await.unwrap();
    }
}

#[tokio::test]
async fn everybody_gets_what_they_select_of_a_row_that_others_follow_too() {
    let (nats, _folder, control) = start().await;
    let only = instance(&nats, "a", "1.0.0", "north").await;
    wait_until("it runs", PATIENCE, || async {
        let found = listed(&control, json!({ "statuses": ["RUNNING"] }), json!({ "field": "NAME" })).await;
        if found == ["a"] { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    let selections = [
        ("{ id version }", json!({ "id": "echo/a", "version": "1.0.0" })),
        ("{ id version }", json!({ "id": "echo/a", "version": "1.0.0" })),
        ("{ version id }", json!({ "version": "1.0.0", "id": "echo/a" })),
        ("{ id: version version: id }", json!({ "id": "1.0.0", "version": "echo/a" })),
        ("{ ...F } ", json!({ "id": "echo/a", "status": "RUNNING" })),
        ("{ id version @include(if: $with) }", json!({ "id": "echo/a" })),
    ];
    for (selection, row) in selections {
        let variable = if selection.contains("$with") { "($with: Boolean = false)" } else { "" };
        let fragment = if selection.contains("...F") { "fragment F on Instance { id status }" } else { "" };
        let query = format!(
            "subscription{variable} {{ instanceChanges {{ ... on InstanceSnapshot {{ instances {selection} }} }} }} {fragment}"
        );
        let mut socket = subscribed(&control, &query, json!({})).await;
        let snapshot = next(&mut socket, "instanceChanges").await;
        assert_eq!(snapshot["instances"], json!([row]), "{selection}");
    }
    for (variables, words) in
        [(json!({ "first": 501, "offset": 0 }), "500"), (json!({ "offset": 1 }), "first")]
    {
        let mut socket = subscribed(&control, FOLLOW, variables).await;
        let refused = hear(&mut socket).await;
        let error = refused.pointer("/payload/0").or(refused.pointer("/payload/errors/0")).unwrap().clone();
        assert_eq!(error["extensions"]["code"], "INVALID_INPUT", "{refused}");
        assert!(error["message"].as_str().unwrap().contains(words), "{refused}");
    }
    only.stop("done").await.unwrap();
}
