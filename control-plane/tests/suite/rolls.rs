//! What the page shows beside instances: services summed up, groups with their terms, how the replica is doing, and the log
//! looked at from several sides.

use aegis_testkit::wait_until;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::operate::members;
use crate::subscriptions::{next, start, subscribed};
use crate::support::{ControlPlane, PATIENCE};

const SERVICES: &str = "subscription($filter: ServiceFilter, $order: ServiceOrder) {
    serviceChanges(filter: $filter, orderBy: $order) { __typename
        ... on ServiceSnapshot { services { ...S } totalCount }
        ... on ServiceDelta { changed { ...S } removed order totalCount } } }
    fragment S on ServiceSummary { name worst belowMinimum versionDrift groups ownerless instances
        counts { status count } versions { version count } definition { owner minInstances } minute { seconds calls } }";
const GROUPS: &str = "subscription($filter: LeaderFilter) {
    leaderChanges(filter: $filter) { __typename
        ... on LeaderSnapshot { leaders { group instance term } totalCount ownerless }
        ... on LeaderDelta { changed { group instance term } removed order totalCount ownerless } } }";
const TERMS: &str = "query($last: Int!, $before: Long) {
    terms(service: \"desk\", group: \"ACC-1\", last: $last, before: $before) { more nodes {
        term owner from to ending gapMs cause by reason electedSequence endedSequence } } }";

async fn step_down(control: &ControlPlane, to: &str) {
    let mutation = "mutation($input: StepDownInput!) { stepDown(input: $input) { __typename ... on Rejected { message } } }";
    let input = json!({ "service": "desk", "group": "ACC-1", "to": to, "reason": "rebalance" });
    wait_until("the hand-over", PATIENCE, || async {
        let done = control.query(mutation, json!({ "input": input })).await;
        if done["stepDown"]["__typename"] == "HandedOver" { Ok(()) } else { Err(done.to_string()) }
    })
    .await;
}

/// The terms of the group, once there are so many of which all but the last have ended.
async fn terms(control: &ControlPlane, count: usize) -> Vec<Value> {
    wait_until("the terms", PATIENCE, || async {
        let told = control.query(TERMS, json!({ "last": 10 })).await["terms"].clone();
        let nodes = told["nodes"].as_array().unwrap().clone();
        let open = nodes.iter().filter(|term| term["to"].is_null()).count();
        if (nodes.len(), open) == (count, 1) { Ok(nodes) } else { Err(told.to_string()) }
    })
    .await
}

#[tokio::test]
async fn services_are_summed_up_and_told_when_that_changes() {
    let (nats, _folder, control) = start().await;
    let [first, second] = members(&nats).await;
    let define = "mutation($input: DefineInput!) { define(input: $input) { __typename } }";
    let input = json!({ "service": "desk", "owner": "equities", "description": "d", "version": "9.9.9", "minInstances": 2 });
    control.query(define, json!({ "input": input })).await;
    let mut socket = subscribed(&control, SERVICES, json!({ "order": { "field": "NAME" } })).await;
    let mut row = next(&mut socket, "serviceChanges").await["services"][0].clone();
    let is_whole = |row: &Value| {
        row["instances"] == 2
            && row["groups"] == 1
            && row["worst"] == "RUNNING"
            && row["definition"].is_object()
    };
    while !is_whole(&row) {
        row = next(&mut socket, "serviceChanges").await["changed"][0].clone();
    }
    assert_eq!(row["counts"], json!([{ "status": "RUNNING", "count": 2 }]), "{row}");
    assert_eq!((&row["belowMinimum"], &row["versionDrift"]), (&json!(false), &json!(true)), "{row}");
    assert_eq!(row["definition"], json!({ "owner": "equities", "minInstances": 2 }), "{row}");
    let summaries = "{ serviceSummaries(first: 1) { totalCount services { name dependsOn usedBy instances } }
        asOf(sequence: 1) { serviceSummaries { totalCount services { name } } } }";
    let told = control.query(summaries, json!({})).await;
    let summary = json!({ "name": "desk", "dependsOn": [], "usedBy": [], "instances": 2 });
    assert_eq!(told["serviceSummaries"], json!({ "totalCount": 1, "services": [summary] }), "{told}");
    assert_eq!(told["asOf"]["serviceSummaries"]["totalCount"], 1, "{told}");
    first.stop("done").await.unwrap();
    while row["belowMinimum"] != true || row["instances"] != 1 {
        row = next(&mut socket, "serviceChanges").await["changed"][0].clone();
    }
    let attention = json!({ "filter": { "attention": true } });
    let mut needing = subscribed(&control, SERVICES, attention).await;
    assert_eq!(next(&mut needing, "serviceChanges").await["services"][0]["name"], "desk");
    for (filter, count) in [
        (json!({ "text": "des" }), 1),
        (json!({ "text": "desk-2" }), 1),
        (json!({ "text": "nobody" }), 0),
        (json!({ "statuses": ["RUNNING"] }), 1),
        (json!({ "statuses": ["UNHEALTHY"] }), 0),
        (json!({ "version": "9.9.9" }), 0),
    ] {
        let mut socket = subscribed(&control, SERVICES, json!({ "filter": filter })).await;
        let snapshot = next(&mut socket, "serviceChanges").await;
        assert_eq!(snapshot["totalCount"], count, "{filter}: {snapshot}");
    }
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn figures_of_the_last_minute_are_told_of_instances_and_services() {
    let (nats, _folder, control) = start().await;
    let [first, second] = members(&nats).await;
    let target = aegis_sdk::Target::owner("desk", "ACC-1").unwrap();
    wait_until("calls in the figures", PATIENCE, || async {
        for _ in 0..20 {
            first.client().call::<_, u64>(&target, "who", &(), PATIENCE).await.unwrap();
        }
        let query =
            "{ instances { nodes { instance minute { seconds calls errors callsPerSecond p99Ms } } } }";
        let told = control.query(query, json!({})).await;
        let busy = told["instances"]["nodes"].as_array().unwrap().iter().find(|node| {
            node["minute"]["calls"].as_u64().is_some_and(|calls| calls >= 20)
                && node["minute"]["p99Ms"].is_number()
        });
        busy.map(drop).ok_or_else(|| told.to_string())
    })
    .await;
    let order = json!({ "order": { "field": "CALLS_PER_SECOND", "descending": true } });
    let mut socket = subscribed(&control, SERVICES, order).await;
    let row = next(&mut socket, "serviceChanges").await["services"][0].clone();
    assert!(row["minute"]["calls"].as_u64().unwrap() >= 20, "{row}");
    let methods = "query($instance: String) { methods(service: \"desk\", instance: $instance) {
        role name instances inFlight worstInstance codes { code count } minute { calls errors p99Ms } trace { at calls errors } } }";
    let told = wait_until("the method", PATIENCE, || async {
        let told = control.query(methods, json!({})).await["methods"].clone();
        let served =
            told.as_array().unwrap().iter().find(|it| it["role"] == "SERVE" && it["name"] == "who").cloned();
        served.filter(|it| it["trace"][0]["calls"].as_u64() >= Some(20)).ok_or_else(|| told.to_string())
    })
    .await;
    assert!(told["minute"]["calls"].as_u64() >= Some(20) && told["minute"]["p99Ms"].is_number(), "{told}");
    assert_eq!((&told["minute"]["errors"], &told["codes"]), (&json!(0), &json!([])), "{told}");
    let of_nobody = control.query(methods, json!({ "instance": "nobody" })).await;
    assert_eq!(of_nobody["methods"], json!([]));
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn groups_are_followed_and_their_terms_tell_how_they_came_and_went() {
    let (nats, _folder, control) = start().await;
    let [first, second] = members(&nats).await;
    let mut socket = subscribed(&control, GROUPS, json!({ "filter": { "text": "ACC" } })).await;
    let mut row = next(&mut socket, "leaderChanges").await["leaders"][0].clone();
    let until = async |socket: &mut _, row: &mut Value, term: u64| {
        while row["term"] != term {
            *row = next(socket, "leaderChanges").await["changed"][0].clone();
        }
    };
    until(&mut socket, &mut row, 1).await;
    assert_eq!(row, json!({ "group": "ACC-1", "instance": "desk-1", "term": 1 }));
    step_down(&control, "desk-2").await;
    until(&mut socket, &mut row, 2).await;
    second.stop("done").await.unwrap();
    until(&mut socket, &mut row, 3).await;
    let told = terms(&control, 3).await;
    assert_eq!((&told[0]["cause"], &told[0]["owner"]), (&json!("FIRST"), &json!("desk-1")), "{told:#?}");
    assert_eq!(
        (&told[1]["cause"], &told[1]["owner"]),
        (&json!("STEPPED_DOWN"), &json!("desk-2")),
        "{told:#?}"
    );
    assert_eq!(
        (&told[1]["by"], &told[1]["reason"]),
        (&json!("user:admin"), &json!("rebalance")),
        "{told:#?}"
    );
    assert_eq!((&told[2]["cause"], &told[2]["reason"]), (&json!("RESIGNED"), &json!("done")), "{told:#?}");
    for (before, after) in [(0, 1), (1, 2)] {
        assert_eq!(told[before]["ending"], "RESIGNED", "{told:#?}");
        let (ended, elected) = (&told[before]["endedSequence"], &told[after]["electedSequence"]);
        assert!(ended.as_u64().unwrap() < elected.as_u64().unwrap(), "{told:#?}");
    }
    // Page by page, from the end.
    let last = control.query(TERMS, json!({ "last": 1 })).await["terms"].clone();
    assert_eq!((&last["more"], &last["nodes"][0]["term"]), (&json!(true), &json!(3)), "{last}");
    let before = last["nodes"][0]["electedSequence"].clone();
    let earlier = control.query(TERMS, json!({ "last": 5, "before": before })).await["terms"].clone();
    let numbers: Vec<_> =
        earlier["nodes"].as_array().unwrap().iter().map(|term| term["term"].clone()).collect();
    assert_eq!((numbers, &earlier["more"]), (vec![json!(1), json!(2)], &json!(false)), "{earlier}");
    let summary = "{ leadershipSummary(service: \"desk\") { groups ownerless changes lost planned handoverP99Ms recoveryP50Ms } }";
    let summary = control.query(summary, json!({})).await["leadershipSummary"].clone();
    assert_eq!(
        (&summary["changes"], &summary["planned"], &summary["lost"]),
        (&json!(2), &json!(2), &json!(0))
    );
    assert!(summary["recoveryP50Ms"].is_null(), "nobody was lost: {summary}");
    first.stop("done").await.unwrap();
}

#[tokio::test]
async fn what_an_action_would_do_is_told_before() {
    let (nats, _folder, control) = start().await;
    let [first, second] = members(&nats).await;
    let query = "{ drainPreview(service: \"desk\", instance: \"desk-1\") { groups { group term candidateCount candidates { instance groups } }
        groupCount others inFlight minInstances } stepDownPreview(service: \"desk\", group: \"ACC-1\") { candidates { instance } } }";
    let told = wait_until("both", PATIENCE, || async {
        let told = control.query(query, json!({})).await;
        let is_whole =
            told["drainPreview"]["others"] == 1 && told["stepDownPreview"]["candidates"] != json!([]);
        if is_whole { Ok(told) } else { Err(told.to_string()) }
    })
    .await;
    let preview = &told["drainPreview"]["groups"][0];
    assert_eq!((&preview["group"], &preview["candidateCount"]), (&json!("ACC-1"), &json!(1)), "{told}");
    assert_eq!(preview["candidates"][0], json!({ "instance": "desk-2", "groups": 0 }), "{told}");
    assert_eq!(told["stepDownPreview"]["candidates"], json!([{ "instance": "desk-2" }]), "{told}");
    let unknown = "{ drainPreview(service: \"desk\", instance: \"desk-9\") { others } }";
    assert_eq!(control.query(unknown, json!({})).await, json!({ "drainPreview": null }));
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn the_log_is_counted_filtered_by_exclusion_and_told_with_what_each_event_changed() {
    let (_nats, _folder, control) = start().await;
    let define =
        "mutation($input: DefineInput!) { define(input: $input) { ... on DefinitionChanged { sequence } } }";
    for service in ["one", "two"] {
        let input = json!({ "service": service, "owner": "o", "description": "d", "version": "1.0.0" });
        control.query(define, json!({ "input": input })).await;
    }
    let amend =
        "mutation($input: AmendInput!) { amend(input: $input) { ... on DefinitionChanged { sequence } } }";
    let input = json!({ "service": "one", "expectedRevision": 1, "owner": "p" });
    let sequence = control.query(amend, json!({ "input": input })).await["amend"]["sequence"].clone();
    let event = "query($sequence: Long!) { event(sequence: $sequence) { id type aggregate }
        eventChange(sequence: $sequence) { before after } }";
    let told = wait_until("the event", PATIENCE, || async {
        let told = control.ask(event, json!({ "sequence": sequence })).await["data"].clone();
        if told["event"].is_object() { Ok(told) } else { Err(told.to_string()) }
    })
    .await;
    assert_eq!(told["event"]["aggregate"], "definition.one", "{told}");
    let owner = |side: &str| told["eventChange"][side]["content"]["owner"].clone();
    assert_eq!((owner("before"), owner("after")), (json!("o"), json!("p")), "{told}");
    let of_nothing = control.query(event, json!({ "sequence": 999_999 })).await;
    assert_eq!(of_nothing, json!({ "event": null, "eventChange": null }));
    let made = control.query(event, json!({ "sequence": 1 })).await["eventChange"].clone();
    assert_eq!(made["before"], Value::Null, "{made}");
    // Another history than the client knows.
    let other = "query { event(sequence: 1, id: \"of-another-log\") { id } }";
    assert_eq!(control.ask(other, json!({})).await["errors"][0]["extensions"]["code"], "HISTORY_REPLACED");
    let count = async |filter: Value| {
        let query = "query($filter: EventFilter) { events(last: 50, filter: $filter) { edges { cursor } } }";
        let told = control.query(query, json!({ "filter": filter })).await;
        told["events"]["edges"].as_array().unwrap().len()
    };
    let amended = "aegis.definition.amended.v1";
    assert_eq!(count(json!({})).await, 3);
    assert_eq!(count(json!({ "not": { "types": [amended] } })).await, 2);
    assert_eq!(count(json!({ "not": { "services": ["one", "unheard-of"] } })).await, 1);
    assert_eq!(count(json!({ "not": { "kinds": ["DEFINITION"] } })).await, 0);
    assert_eq!(count(json!({ "not": { "actors": ["user:admin"] } })).await, 0);
    let density = "query($filter: EventFilter!) { eventDensity(filter: $filter, points: 10) {
        partSeconds buckets { at count types { type count } } } }";
    let (from, to) = ("2020-01-01T00:00:00Z", "2120-01-01T00:00:00Z");
    let told =
        control.query(density, json!({ "filter": { "from": from, "to": to } })).await["eventDensity"].clone();
    let defined = "aegis.definition.defined.v1";
    let types = json!([{ "type": amended, "count": 1 }, { "type": defined, "count": 2 }]);
    assert_eq!((&told["buckets"][0]["count"], &told["buckets"][0]["types"]), (&json!(3), &types), "{told}");
    let endless = control.ask(density, json!({ "filter": {} })).await;
    assert_eq!(endless["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{endless}");
}

#[tokio::test]
async fn the_states_of_an_instance_and_how_the_replica_is_doing_are_told_over_time() {
    let (nats, _folder, control) = start().await;
    let mut socket = subscribed(
        &control,
        "subscription { systemChanges { natsConnected heartbeatsVisible newestBeatAt asOfSequence } }",
        json!({}),
    )
    .await;
    assert_eq!(next(&mut socket, "systemChanges").await["natsConnected"], true);
    let [first, second] = members(&nats).await;
    first.stop("done").await.unwrap();
    let mut system = next(&mut socket, "systemChanges").await;
    while system["newestBeatAt"].is_null() {
        system = next(&mut socket, "systemChanges").await;
    }
    let query =
        "{ lifeline(service: \"desk\", instance: \"desk-1\") { upPercent starts recoveries stretches {
        status from to sequence } } }";
    let told = wait_until("the end", PATIENCE, || async {
        let told = control.query(query, json!({})).await["lifeline"].clone();
        let last = told["stretches"].as_array().unwrap().last().cloned().unwrap_or_default();
        if last["status"] == "STOPPED" { Ok(told) } else { Err(told.to_string()) }
    })
    .await;
    let stretches = told["stretches"].as_array().unwrap();
    assert!(stretches.iter().any(|stretch| stretch["status"] == "RUNNING"), "{told}");
    for (before, after) in stretches.iter().zip(&stretches[1..]) {
        assert_eq!(before["to"], after["from"], "{told}");
    }
    assert_eq!((&told["starts"], &told["recoveries"]), (&json!(1), &json!(0)), "{told}");
    // Times as far away as there are.
    for (from, to) in [
        ("-262143-01-01T00:00:01Z", "-262143-01-01T00:00:02Z"),
        ("2020-01-01T00:00:00Z", "+262142-12-31T23:59:59Z"),
    ] {
        let far = "query($from: DateTime, $to: DateTime) { a: lifeline(service: \"desk\", instance: \"desk-1\", to: $to) { starts }
            b: lifeline(service: \"desk\", instance: \"desk-1\", from: $from, to: $to) { upPercent }
            leadershipSummary(from: $to) { changes }
            eventDensity(filter: { from: $from, to: $to }, points: 1000) { partSeconds buckets { count } } }";
        let told = control.ask(far, json!({ "from": from, "to": to })).await;
        assert!(told["errors"].is_null(), "{told}");
    }
    let sparks = "query($ids: [String!]!) { sparklines(ids: $ids, from: \"2020-01-01T00:00:00Z\",
        to: \"2120-01-01T00:00:00Z\") { id points { at callsPerSecond } } }";
    let ids = json!(["desk/desk-1", "desk/desk-2"]);
    let told = control.query(sparks, json!({ "ids": ids })).await["sparklines"].clone();
    assert_eq!((&told[0]["id"], &told[1]["id"]), (&json!("desk/desk-1"), &json!("desk/desk-2")), "{told}");
    let junk = control.ask(sparks, json!({ "ids": ["desk"] })).await;
    assert_eq!(junk["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{junk}");
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn streams_and_consumers_are_told_as_jetstream_has_them_and_to_auditors_only() {
    let (nats, _folder, control) = start().await;
    let [first, second] = members(&nats).await;
    let jetstream = async_nats::jetstream::new(nats.client().await);
    let config = async_nats::jetstream::consumer::pull::Config {
        durable_name: Some("reader".to_owned()),
        ..Default::default()
    };
    let stream = jetstream.get_stream("AEGIS_EVENTS").await.unwrap();
    stream.create_consumer(config).await.unwrap();
    let query = "{ streams { name messages bytes lastSequence replicas replicasCurrent jetStreamLeader consumers maxAgeSeconds }
        consumers(stream: \"AEGIS_EVENTS\") { name durable pending ackPending waiting deliveredSequence } }";
    let told = control.query(query, json!({})).await;
    let events =
        told["streams"].as_array().unwrap().iter().find(|stream| stream["name"] == "AEGIS_EVENTS").unwrap();
    assert!(events["messages"].as_u64().unwrap() > 0 && events["bytes"].as_u64().unwrap() > 0, "{events}");
    assert_eq!((&events["replicas"], &events["replicasCurrent"]), (&json!(1), &json!(1)), "{events}");
    assert_eq!(
        (&events["jetStreamLeader"], &events["maxAgeSeconds"]),
        (&Value::Null, &Value::Null),
        "{events}"
    );
    let readers = told["consumers"].as_array().unwrap();
    let reader = readers.iter().find(|consumer| consumer["name"] == "reader").unwrap();
    assert_eq!((&reader["durable"], &reader["deliveredSequence"]), (&json!(true), &json!(0)), "{reader}");
    assert!(reader["pending"].as_u64().unwrap() > 0, "{reader}");
    for stream in ["NOBODYS", "no.name", ""] {
        let query = "query($stream: String!) { consumers(stream: $stream) { name } }";
        let absent = control.ask(query, json!({ "stream": stream })).await;
        assert_eq!(absent["errors"][0]["extensions"]["code"], "NOT_FOUND", "{stream}: {absent}");
    }
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn the_log_is_verified_on_request_and_what_is_found_is_told() {
    let (nats, _folder, control) = start().await;
    let define = "mutation($input: DefineInput!) { define(input: $input) { __typename } }";
    let input = json!({ "service": "one", "owner": "o", "description": "d", "version": "1.0.0" });
    control.query(define, json!({ "input": input })).await;
    assert_eq!(
        control.query("{ verification { status } }", json!({})).await,
        json!({ "verification": null })
    );
    let verified = async || {
        let begun =
            control.query("mutation { verifyLog { status by } }", json!({})).await["verifyLog"].clone();
        assert_eq!(begun["by"], "admin", "{begun}");
        wait_until("the end", PATIENCE, || async {
            let query = "{ verification { status position events digest findingCount endedAt findings { code detail } } }";
            let told = control.query(query, json!({})).await["verification"].clone();
            if told["endedAt"].is_string() { Ok(told) } else { Err(told.to_string()) }
        })
        .await
    };
    let clean = verified().await;
    assert_eq!(
        (&clean["status"], &clean["events"], &clean["position"]),
        (&json!("CLEAN"), &json!(1), &json!(1)),
        "{clean}"
    );
    assert!(clean["digest"].is_string(), "{clean}");
    // Somebody lets the log forget.
    let jetstream = async_nats::jetstream::new(nats.client().await);
    let config = jetstream.get_stream("AEGIS_EVENTS").await.unwrap().cached_info().config.clone();
    let forgetting = async_nats::jetstream::stream::Config { max_messages: 1_000, ..config };
    jetstream.update_stream(forgetting).await.unwrap();
    let found = verified().await;
    assert_eq!((&found["status"], &found["findingCount"]), (&json!("FINDINGS"), &json!(1)), "{found}");
    assert!(found["findings"][0]["detail"].as_str().unwrap().contains("no limit"), "{found}");
}

#[tokio::test]
async fn dead_letters_are_told_by_cause_and_events_are_found_by_id_and_by_who_caused_them() {
    let (nats, _folder, control) = start().await;
    for body in [&b"first"[..], b"second"] {
        crate::dead_letters::put_aside(&nats, body).await;
    }
    let query = "{ deadLetterGroups { complete groups { kind reason count oldestAt newestAt } } }";
    let told = control.query(query, json!({})).await["deadLetterGroups"].clone();
    let counts: u64 =
        told["groups"].as_array().unwrap().iter().map(|group| group["count"].as_u64().unwrap()).sum();
    assert_eq!((counts, &told["complete"]), (2, &json!(true)), "{told}");
    let define = "mutation($input: DefineInput!) { define(input: $input) { __typename } }";
    let input = json!({ "service": "one", "owner": "o", "description": "d", "version": "1.0.0" });
    control.query(define, json!({ "input": input })).await;
    let events = "query($filter: EventFilter!) { events(last: 10, filter: $filter) { nodes { id actor } } }";
    let by = async |prefix: &str| {
        let told = control.query(events, json!({ "filter": { "actorPrefix": prefix } })).await;
        told["events"]["nodes"].as_array().unwrap().clone()
    };
    let found = wait_until("the event", PATIENCE, || async {
        let found = by("user:").await;
        if found.len() == 1 { Ok(found) } else { Err(format!("{found:?}")) }
    })
    .await;
    assert_eq!((by("User:").await.len(), by("user:adm").await.len(), by("system:").await.len()), (0, 1, 0));
    let event = "query($id: String) { event(id: $id) { id sequence } }";
    let told = control.query(event, json!({ "id": found[0]["id"] })).await;
    assert_eq!(told["event"]["id"], found[0]["id"], "{told}");
    assert_eq!(control.query(event, json!({ "id": "nobodys" })).await, json!({ "event": null }));
    assert_eq!(control.ask(event, json!({})).await["errors"][0]["extensions"]["code"], "INVALID_INPUT");
}

#[tokio::test]
async fn replicas_tell_of_each_other_and_the_lease_store_of_who_stands_on_it() {
    let (nats, _folder, control) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let other = ControlPlane::start(&nats, folder.path()).await;
    let [first, second] = members(&nats).await;
    let replicas = "{ replicas { id host version startedAt asOfSequence projectionLag mine natsServer heartbeatsVisible } }";
    let told = wait_until("both replicas", PATIENCE, || async {
        let told = control.query(replicas, json!({})).await["replicas"].clone();
        let all = told.as_array().unwrap();
        let same = all.len() == 2 && all[0]["asOfSequence"] == all[1]["asOfSequence"];
        if same && all.iter().all(|it| it["projectionLag"] == 0) {
            Ok(all.clone())
        } else {
            Err(told.to_string())
        }
    })
    .await;
    assert_eq!((&told[0]["mine"], &told[1]["mine"]), (&json!(true), &json!(false)), "{told:?}");
    let seen = other.query(replicas, json!({})).await["replicas"].clone();
    assert_eq!((&seen[0]["mine"], &seen[1]["id"]), (&json!(false), &told[1]["id"]), "{seen}");
    // Whatever somebody else answers is none of a replica.
    let connection = crate::fleet::connection(&nats).await;
    let mut asked = connection.client().subscribe("aegis.replicas").await.unwrap();
    connection.client().flush().await.unwrap();
    let stranger = async {
        let asked = asked.next().await.unwrap();
        let junk = ["{}".into(), vec![b'x'; 100_000].into(), "{\"id\":7}".into()];
        for junk in junk {
            connection.client().publish(asked.reply.clone().unwrap(), junk).await.unwrap();
        }
        connection.client().flush().await.unwrap();
    };
    let (told, ()) = tokio::join!(control.query(replicas, json!({})), stranger);
    assert_eq!(told["replicas"].as_array().unwrap().len(), 2, "{told}");
    other.process.kill();
    wait_until("the loss of one", PATIENCE, || async {
        let told = control.query(replicas, json!({})).await["replicas"].clone();
        if told.as_array().unwrap().len() == 1 { Ok(()) } else { Err(told.to_string()) }
    })
    .await;
    let store = "query($ids: [String!]!) { leaseStore { kind stream replicas replicasCurrent readMs
        nodes { natsServer instances groups lowestPercent } } leases(ids: $ids) { id ms lowestPercent natsServer }
        storage { usedBytes limitBytes bytesPerDay } streams { name firstAt bytesPerDay } }";
    let ids = json!({ "ids": ["desk/desk-1", "desk/desk-2", "desk/nobody"] });
    let told = wait_until("the leases", PATIENCE, || async {
        let told = control.query(store, ids.clone()).await;
        let owned = told["leaseStore"]["nodes"][0]["groups"] == 1;
        if told["leases"].as_array().unwrap().len() == 2 && owned { Ok(told) } else { Err(told.to_string()) }
    })
    .await;
    let (store, lease) = (&told["leaseStore"], &told["leases"][0]);
    assert_eq!((&store["kind"], &store["replicasCurrent"]), (&json!("KV"), &json!(1)), "{told}");
    assert!(store["readMs"].as_f64().is_some_and(|ms| ms > 0.0 && ms < 1_000.0), "{told}");
    assert_eq!(store["nodes"][0]["instances"], 2, "{told}");
    assert_eq!((&lease["id"], &lease["ms"]), (&json!("desk/desk-1"), &json!(300)), "{told}");
    let lowest = lease["lowestPercent"].as_u64().unwrap();
    assert!((1..=67).contains(&lowest), "renewed each third of it: {told}");
    assert!(told["storage"]["usedBytes"].as_u64() > Some(0), "{told}");
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
}
