//! The OpenAPI document, and what it promises of all routes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::{get, start};

const SCHEMA: &str = include_str!("../../../../graphql/schema.graphql");
const DOCUMENT: &str = include_str!("../../../../docs/openapi.json");

/// Each mutation of GraphQL, and its operation of REST.
const MUTATIONS: &[(&str, &str)] = &[
    ("amend", "put_services_service"),
    ("beginMaintenance", "post_services_service_maintenance"),
    ("cancelSwitchover", "post_leaders_service_group_switchover_cancel"),
    ("define", "post_services"),
    ("deleteConsumer", "post_consumers_stream_consumer_delete"),
    ("discardDeadLetter", "post_dead_letters_sequence_discard"),
    ("endMaintenance", "post_services_service_maintenance_end"),
    ("drain", "post_instances_service_instance_drain"),
    ("forgetInstance", "post_instances_service_instance_forget"),
    ("rebuildProjection", "post_system_rebuild"),
    ("redriveDeadLetter", "post_dead_letters_sequence_redrive"),
    ("reinstate", "post_services_service_reinstate"),
    ("retire", "delete_services_service"),
    ("scheduleSwitchover", "post_leaders_service_group_switchover"),
    ("setLog", "post_instances_service_instance_log"),
    ("stepDown", "post_leaders_service_group_step_down"),
    ("verifyLog", "post_system_verification"),
];

/// Method, path and operation of each route.
pub(super) fn operations() -> Vec<(Method, String, Value)> {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| {
            (method.to_uppercase().parse().unwrap(), path.clone(), operation.clone())
        })
    });
    operations.collect()
}

#[test]
fn every_mutation_of_graphql_has_a_route() {
    let mutations = SCHEMA.split_once("\ntype Mutation {").unwrap().1.split_once("\n}").unwrap().0;
    let names: BTreeSet<_> = mutations
        .lines()
        .filter_map(|line| line.trim().split_once(['(', ':']).map(|(name, _)| name))
        .filter(|name| name.chars().all(char::is_alphanumeric))
        .collect();
    let listed: BTreeSet<_> = MUTATIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, listed, "write its route, and put it into the list");
    let ids: Vec<_> = operations().iter().map(|(_, _, it)| it["operationId"].to_string()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "ids of operations are unique");
    for (mutation, id) in MUTATIONS {
        assert!(ids.contains(&format!("\"{id}\"")), "{mutation} has no route {id}: {ids:?}");
    }
}

#[tokio::test]
async fn every_route_requires_authentication() {
    let (_nats, _folder, control) = start().await;
    for (method, path, _) in operations() {
        let place = path.replace("{sequence}", "1").replace(['{', '}'], "");
        let answer = control.http.request(method.clone(), control.at(&place)).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{method} {path}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["code"], "UNAUTHENTICATED", "{method} {path}: {body}");
    }
}

#[tokio::test]
async fn the_document_is_served_and_listed_for_people_without_a_script() {
    let (_nats, _folder, control) = start().await;
    let served = get(&control, "/api/openapi.json").await.body;
    assert_eq!(served, serde_json::from_str::<Value>(DOCUMENT).unwrap());
    assert_eq!(served["openapi"], "3.1.0");
    let page = get(&control, "/api/docs").await;
    assert!(page.header("content-type").starts_with("text/html"));
    let page = page.body.as_str().unwrap().to_owned();
    for (_, path, _) in operations() {
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
    }
    assert!(!page.contains("<script") && !page.contains("style="), "the policy of the page forbids them");
    let errors = get(&control, "/api/docs/errors").await;
    assert!(errors.body.as_str().unwrap().contains("id=\"DEFINITION_CONFLICT\""));
}

#[tokio::test]
async fn the_longest_page_of_each_list_may_be_asked_for() {
    let (_nats, _folder, control) = start().await;
    for (_, path, operation) in operations() {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let Some(most) = parameter["schema"]["maximum"].as_u64() else { continue };
            let name = parameter["name"].as_str().unwrap();
            if !["first", "last", "points"].contains(&name) {
                continue;
            }
            let needed = match path.as_str() {
                "/api/metrics" => "&service=a",
                "/api/registry" => "&at=0",
                _ => "",
            };
            let place = path.replace(['{', '}'], "");
            for (length, answered) in [(most, true), (most + 1, false)] {
                let answer = get(&control, &format!("{place}?{name}={length}{needed}")).await;
                // What there is none of has no pages, either.
                let allowed = [200, 404].contains(&answer.status);
                assert_eq!(allowed, answered, "{path} {name}={length}: {}", answer.body);
            }
        }
    }
}
