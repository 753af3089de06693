//! Lists of what one team answers for, and the members of groups.

use aegis_domain::{GroupName, InstanceName, claim};
use aegis_sdk::{Service, ServiceConfig};
use aegis_testkit::{NatsServer, wait_until};
use serde_json::{Value, json};

use crate::subscriptions::{next, start, subscribed};
use crate::support::{ControlPlane, PATIENCE};

const OF_TEAM: &str = "query($team: String!) {
    services: serviceSummaries(filter: { team: $team }) { services { name } totalCount }
    instances(filter: { team: $team }) { nodes { id } }
    leaders(filter: { team: $team }) { nodes { id } } }";
const MEMBERS: &str = "query($ids: [String!]!) { groupMembers(ids: $ids) { id declared memberCount
    members { instance status owner } } }";

async fn instance(nats: &NatsServer, service: &str, name: &str, groups: &[&str]) -> Service {
    let mut config = ServiceConfig::new(service, "1.0.0").unwrap();
    (config.nats_url, config.instance) = (nats.url(), Some(name.parse().unwrap()));
    config.groups = groups.iter().map(|group| group.parse().unwrap()).collect();
    Service::builder(config).start().await.unwrap()
}

async fn define(control: &ControlPlane, service: &str, owner: &str) {
    let define = "mutation($input: DefineInput!) { define(input: $input) { __typename } }";
    let input = json!({ "service": service, "owner": owner, "description": "d", "version": "1.0.0" });
    let answer = control.query(define, json!({ "input": input })).await;
    assert_eq!(answer["define"]["__typename"], "DefinitionChanged", "{answer}");
}

fn texts<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|node| node[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn lists_hold_what_a_team_answers_for_by_the_definitions() {
    let (nats, _folder, control) = start().await;
    define(&control, "alpha", "Equities").await;
    define(&control, "beta", "Rates").await;
    let running = [
        instance(&nats, "alpha", "alpha-1", &["north"]).await,
        instance(&nats, "beta", "beta-1", &["south"]).await,
        instance(&nats, "gamma", "gamma-1", &["west"]).await,
    ];
    let told = wait_until("all of it", PATIENCE, || async {
        let owners = control.query("{ leaders { totalCount } }", json!({})).await;
        if owners["leaders"]["totalCount"] != 3 {
            return Err(owners.to_string());
        }
        let told = control.query(OF_TEAM, json!({ "team": "Equities" })).await;
        let lists = [&told["services"]["services"], &told["instances"]["nodes"], &told["leaders"]["nodes"]];
        if lists.iter().all(|list| list.as_array().unwrap().len() == 1) {
            Ok(told)
        } else {
            Err(told.to_string())
        }
    })
    .await;
    assert_eq!(texts(&told["services"]["services"], "name"), ["alpha"]);
    assert_eq!(texts(&told["instances"]["nodes"], "id"), ["alpha/alpha-1"]);
    assert_eq!(texts(&told["leaders"]["nodes"], "id"), ["alpha/north"]);
    let nobody = control.query(OF_TEAM, json!({ "team": "Nobody" })).await;
    assert_eq!(nobody["services"]["totalCount"], 0, "{nobody}");
    assert_eq!(nobody["instances"]["nodes"], json!([]));

    // A list that is followed changes with the definition.
    let follow = "subscription { leaderChanges(filter: { team: \"Rates\" }) { __typename
        ... on LeaderSnapshot { leaders { id } } ... on LeaderDelta { changed { id } totalCount } } }";
    let mut socket = subscribed(&control, follow, json!({})).await;
    let snapshot = next(&mut socket, "leaderChanges").await;
    assert_eq!(texts(&snapshot["leaders"], "id"), ["beta/south"]);
    define(&control, "gamma", "Rates").await;
    let delta = next(&mut socket, "leaderChanges").await;
    assert_eq!((texts(&delta["changed"], "id"), &delta["totalCount"]), (vec!["gamma/west"], &json!(2)));
    for one in running {
        one.stop("done").await.unwrap();
    }
}

#[tokio::test]
async fn members_of_a_group_are_told_in_the_order_of_their_claims() {
    let (nats, _folder, control) = start().await;
    let names = ["desk-1", "desk-2", "desk-3"];
    let mut running = Vec::new();
    for name in names {
        running.push(instance(&nats, "desk", name, &["north", "south"]).await);
    }
    let ids = json!({ "ids": ["desk/south", "desk/north", "desk/nowhere"] });
    let told = wait_until("all members to run", PATIENCE, || async {
        let told = control.query(MEMBERS, ids.clone()).await["groupMembers"].clone();
        let all = told.as_array().unwrap();
        let run = |group: &Value| {
            let members = group["members"].as_array().unwrap();
            members.len() == 3 && members.iter().all(|member| member["status"] == "RUNNING")
        };
        if all.len() == 2 && all.iter().all(run) { Ok(told) } else { Err(told.to_string()) }
    })
    .await;
    assert_eq!(texts(&told, "id"), ["desk/south", "desk/north"], "one that is not known is left out");
    let instances = names.map(|name| name.parse::<InstanceName>().unwrap());
    for group in told.as_array().unwrap() {
        let name: GroupName = group["id"].as_str().unwrap().trim_start_matches("desk/").parse().unwrap();
        let order: Vec<_> = claim::order(&name, &instances).into_iter().map(InstanceName::as_str).collect();
        assert_eq!(texts(&group["members"], "instance"), order, "{group}");
        assert_eq!((&group["declared"], &group["memberCount"]), (&json!(true), &json!(3)), "{group}");
        let owners = group["members"].as_array().unwrap().iter().filter(|member| member["owner"] == true);
        assert_eq!(owners.count(), 1, "{group}");
    }
    let answer = control.ask(MEMBERS, json!({ "ids": ["desk"] })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{answer}");
    let many: Vec<_> = (0..201).map(|n| format!("desk/{n}")).collect();
    let answer = control.ask(MEMBERS, json!({ "ids": many })).await;
    assert!(answer["errors"].is_array(), "{answer}");
    for one in running {
        one.stop("done").await.unwrap();
    }
}
