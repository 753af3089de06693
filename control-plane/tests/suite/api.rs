//! The API over HTTP.

use std::time::Duration;

use crate::support::{ControlPlane, PATIENCE};
use aegis_domain::InstanceName;
use aegis_sdk::{Call, Fault, RetryPolicy, SendOptions, Service, ServiceConfig, Subscribe, Target};
use aegis_testkit::{NatsServer, wait_until};
use serde_json::{Value, json};

const DEFINE: &str = "mutation($input: DefineInput!) { define(input: $input) {
    __typename ... on DefinitionChanged { service revision sequence }
    ... on Rejected { code message field currentRevision } } }";
const AMEND: &str = "mutation($input: AmendInput!) { amend(input: $input) {
    __typename ... on DefinitionChanged { revision sequence }
    ... on Rejected { code message field currentRevision } } }";
const RETIRE: &str = "mutation($input: RetireInput!) { retire(input: $input) {
    __typename ... on DefinitionChanged { revision } ... on Rejected { code } } }";
const EVERYTHING: &str = "{
    services(first: 100) { totalCount nodes { name versions definition { owner revision } leaders { group term } } }
    leaders { nodes { id term instance reason since asOfSequence } }
    definitions(filter: { includeRetired: true }) { nodes { service owner status revision updatedBy updatedAt } }
    instances(first: 100) { nodes { id version status statusSince registeredAt defined asOfSequence groups { group term } } }
    events(first: 1000) { edges { cursor node { id sequence type kind aggregate actor summary data time } } }
    system { asOfSequence deadLetters } }";

fn content(service: &str) -> Value {
    json!({ "service": service, "owner": "desk", "description": "trades", "version": "1.0.0" })
}

async fn start(nats: &NatsServer) -> (tempfile::TempDir, ControlPlane) {
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(nats, folder.path()).await;
    (folder, control)
}

async fn service(nats: &NatsServer, name: &str, instance: &str) -> Service {
    let mut config = ServiceConfig::new(name, "1.2.0").unwrap();
    config.instance = Some(InstanceName::new(instance).unwrap());
    config.nats_url = nats.url();
    config.groups = vec!["ACC-1".parse().unwrap()];
    config.heartbeat_ms = 200;
    config.record_ttl_ms = 3_000;
    Service::builder(config).start().await.unwrap()
}

#[tokio::test]
async fn every_route_but_health_requires_authentication() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    let get = |path: &str| control.http.get(control.at(path)).send();
    for open in ["/healthz", "/readyz"] {
        assert_eq!(get(open).await.unwrap().status(), 200, "{open}");
    }
    assert_eq!(get("/metrics").await.unwrap().status(), 401);
    for header in ["", "Bearer ", "Bearer wrong", "Basic Zm9v", "Bearer ä"] {
        let request = control.http.post(control.at("/graphql")).header("authorization", header.as_bytes());
        let answer = request.json(&json!({ "query": "{ viewer { name } }" })).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{header:?}");
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], "UNAUTHENTICATED");
        assert_eq!(body["error"]["requestId"], id.as_str());
    }
    let metrics = control.http.get(control.at("/metrics")).bearer_auth(&control.token).send().await.unwrap();
    let text = metrics.text().await.unwrap();
    for name in
        ["aegis_projection_position", "aegis_dead_letters", "aegis_instances", "aegis_http_requests_total"]
    {
        assert!(text.contains(name), "{name} is missing in\n{text}");
    }
}

#[tokio::test]
async fn a_definition_lives_from_define_to_retire_and_refusals_are_data() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    let defined =
        control.query(DEFINE, json!({ "input": content("trading-service") })).await["define"].clone();
    assert_eq!(
        (defined["__typename"].as_str(), defined["revision"].as_u64()),
        (Some("DefinitionChanged"), Some(1))
    );
    let sequence = defined["sequence"].as_u64().unwrap();
    let query = "{ definitions { asOfSequence nodes { service owner revision updatedBy } } }";
    let shown = wait_until("the projection", PATIENCE, || async {
        let answer = control.query(query, json!({})).await["definitions"].clone();
        if answer["asOfSequence"].as_u64() >= Some(sequence) { Ok(answer) } else { Err(answer.to_string()) }
    })
    .await;
    assert_eq!(
        shown["nodes"],
        json!([{ "service": "trading-service", "owner": "desk", "revision": 1, "updatedBy": "user:admin" }])
    );
    let again = control.query(DEFINE, json!({ "input": content("trading-service") })).await["define"].clone();
    assert_eq!(again["code"], "DEFINITION_EXISTS");
    for (field, value) in
        [("owner", " "), ("version", "one"), ("service", "a b"), ("service", "UPPER"), ("description", "")]
    {
        let mut input = content("other-service");
        input[field] = value.into();
        let refused = control.query(DEFINE, json!({ "input": input })).await["define"].clone();
        assert_eq!(
            (refused["code"].as_str(), refused["field"].as_str()),
            (Some("INVALID_INPUT"), Some(field)),
            "{refused}"
        );
    }
    let amend = |revision: u64| json!({ "input": { "service": "trading-service", "expectedRevision": revision, "owner": "night" } });
    let stale = control.query(AMEND, amend(7)).await["amend"].clone();
    assert_eq!(
        (stale["code"].as_str(), stale["currentRevision"].as_u64()),
        (Some("DEFINITION_CONFLICT"), Some(1))
    );
    assert_eq!(control.query(AMEND, amend(1)).await["amend"]["revision"], 2);
    let retire =
        json!({ "input": { "service": "trading-service", "expectedRevision": 2, "reason": "replaced" } });
    assert_eq!(control.query(RETIRE, retire.clone()).await["retire"]["revision"], 3);
    assert_eq!(control.query(RETIRE, retire).await["retire"]["code"], "DEFINITION_NOT_FOUND");
}

#[tokio::test]
async fn tools_can_read_the_schema() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    // As deep as the introspection query of graphql-js goes.
    let nested = (0..9).fold("kind name".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
    let query = format!("{{ __schema {{ types {{ name fields {{ args {{ type {{ {nested} }} }} }} }} }} }}");
    let schema = control.query(&query, json!({})).await["__schema"].clone();
    assert!(schema["types"].as_array().unwrap().iter().any(|t| t["name"] == "Instance"), "{schema}");
}

#[tokio::test]
async fn bad_queries_have_a_code_and_a_request_id() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    let deep = (0..8).fold("name".to_owned(), |inner, _| format!("instances {{ {inner} }}"));
    for (query, code) in [
        ("{ nothing }".to_owned(), "INVALID_QUERY"),
        ("{".to_owned(), "INVALID_QUERY"),
        (
            "{ instances(first: 5000) { nodes { id service instance version status } } }".to_owned(),
            "QUERY_TOO_COMPLEX",
        ),
        ("{ instances(first: 1001) { totalCount } }".to_owned(), "INVALID_INPUT"),
        ("{ events(first: 1, last: 1) { asOfSequence } }".to_owned(), "INVALID_INPUT"),
        ("{ events(last: 1, before: \"x\") { asOfSequence } }".to_owned(), "INVALID_INPUT"),
        (format!("{{ service(name: \"a\") {{ {deep} }} }}"), "INVALID_QUERY"),
    ] {
        let answer = control.ask(&query, json!({})).await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], code, "{query} gave {answer}");
        assert!(extensions["requestId"].is_string() && extensions["retryable"].is_boolean(), "{answer}");
    }
    let junk = control
        .http
        .post(control.at("/graphql"))
        .bearer_auth(&control.token)
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(junk.status(), 415, "only a declared JSON body is taken");
    let get = control
        .http
        .get(control.at("/graphql?query={viewer{name}}"))
        .bearer_auth(&control.token)
        .send()
        .await
        .unwrap();
    assert_eq!(get.status(), 405);
}

#[tokio::test]
async fn a_browser_signs_in_by_link_once_or_by_token_and_out() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    let answer = control.http.get(&control.login).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, "/"));
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let again = control.http.get(&control.login).send().await.unwrap();
    assert_eq!(again.headers()["location"], "/signin?error=code_used");
    let viewer = |cookie: String| {
        let body = json!({ "query": "{ viewer { name role } }" });
        control.http.post(control.at("/graphql")).header("cookie", cookie).json(&body).send()
    };
    let session = cookie.split(';').next().unwrap().to_owned();
    let body: Value = viewer(session.clone()).await.unwrap().json().await.unwrap();
    assert_eq!(body["data"]["viewer"], json!({ "name": "admin", "role": "ADMIN" }));
    control.http.delete(control.at("/api/session")).header("cookie", &session).send().await.unwrap();
    assert_eq!(viewer(session).await.unwrap().status(), 401);
    let sign_in =
        |token: &str| control.http.post(control.at("/api/session")).json(&json!({ "token": token })).send();
    assert_eq!(sign_in("wrong").await.unwrap().status(), 401);
    assert_eq!(sign_in(&control.token).await.unwrap().status(), 204);
}

#[tokio::test]
async fn the_page_is_served_and_what_is_missing_is_not_the_page() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    for absent in ["/assets/none.js", "/api/none", "/graphql/none"] {
        assert_eq!(control.http.get(control.at(absent)).send().await.unwrap().status(), 404, "{absent}");
    }
    let page = control.http.get(control.at("/events")).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
}

#[tokio::test]
async fn an_instance_is_running_then_unhealthy_then_expired_each_recorded_once() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    let (_other_folder, other) = start(&nats).await;
    let service = service(&nats, "echo", "echo-1").await;
    let query = "{ instance(service: \"echo\", instance: \"echo-1\") { status reason defined metrics { uptimeSeconds }
        groups { group term } } }";
    let status = async |wanted: &str| {
        wait_until(wanted, PATIENCE, || async {
            let shown = control.query(query, json!({})).await["instance"].clone();
            if shown["status"] == wanted { Ok(shown) } else { Err(shown.to_string()) }
        })
        .await
    };
    status("RUNNING").await;
    wait_until("its group and figures", PATIENCE, || async {
        let shown = control.query(query, json!({})).await["instance"].clone();
        let complete =
            shown["groups"] == json!([{ "group": "ACC-1", "term": 1 }]) && shown["metrics"].is_object();
        if complete { Ok(()) } else { Err(shown.to_string()) }
    })
    .await;
    // What the others see of a process that was killed: its socket closes, and nothing comes any more.
    drop(service);
    status("UNHEALTHY").await;
    // A dropped service takes its record along; a killed one leaves it to run out.
    status("EXPIRED").await;
    let events = "{ events(last: 100, filter: { aggregate: \"instance.echo.echo-1\" }) { nodes { type } } }";
    for control in [&control, &other] {
        let types = control.query(events, json!({})).await["events"]["nodes"].clone();
        let count = |name: &str| {
            types
                .as_array()
                .unwrap()
                .iter()
                .filter(|e| e["type"] == format!("aegis.instance.{name}.v1"))
                .count()
        };
        assert_eq!((count("unhealthy"), count("expired")), (1, 1), "two replicas, one truth: {types}");
    }
}

#[tokio::test]
async fn with_the_database_deleted_or_damaged_the_answers_are_the_same() {
    let nats = NatsServer::start().await;
    let (folder, control) = start(&nats).await;
    let running = service(&nats, "echo", "echo-1").await;
    control.query(DEFINE, json!({ "input": content("echo") })).await;
    wait_until("a leader", PATIENCE, || async {
        let leaders = control.query("{ leaders { totalCount } }", json!({})).await;
        if leaders["leaders"]["totalCount"] == 1 { Ok(()) } else { Err(leaders.to_string()) }
    })
    .await;
    running.stop("done").await.unwrap();
    let settled = async |control: &ControlPlane| {
        wait_until("no lag", PATIENCE, || async {
            let system = control.query("{ system { projectionLag } }", json!({})).await;
            if system["system"]["projectionLag"] == 0 { Ok(()) } else { Err(system.to_string()) }
        })
        .await;
        control.query(EVERYTHING, json!({})).await
    };
    let before = settled(&control).await;
    assert!(before["events"]["edges"].as_array().unwrap().len() >= 5, "{before}");
    let database = folder.path().join("projection.sqlite");
    for damage in ["deleted", "damaged", "kept"] {
        control.process.terminate();
        control.process.wait_exit(PATIENCE).await;
        for file in ["projection.sqlite-wal", "projection.sqlite-shm"] {
            let _absent = std::fs::remove_file(folder.path().join(file));
        }
        match damage {
            "deleted" => std::fs::remove_file(&database).unwrap(),
            "damaged" => std::fs::write(&database, "no database").unwrap(),
            _ => {}
        }
        let again = ControlPlane::start(&nats, folder.path()).await;
        assert_eq!(settled(&again).await, before, "{damage}");
        again.process.terminate();
        again.process.wait_exit(PATIENCE).await;
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_put_aside_and_the_next_one_is_shown() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    let jetstream = async_nats::jetstream::new(nats.client().await);
    for (subject, body) in [("aegis.event.definition.echo-service", "junk"), ("aegis.event.nonsense", "{}")] {
        jetstream.publish(subject, body.into()).await.unwrap().await.unwrap();
    }
    control.query(DEFINE, json!({ "input": content("trading-service") })).await;
    let system = wait_until("the projection", PATIENCE, || async {
        let system =
            control.query("{ system { asOfSequence deadLetters } }", json!({})).await["system"].clone();
        if system["asOfSequence"] == 3 { Ok(system) } else { Err(system.to_string()) }
    })
    .await;
    assert_eq!(system["deadLetters"], 2);
    let stream = jetstream.get_stream("AEGIS_DEAD_LETTERS").await.unwrap();
    let dead = stream.get_raw_message(1).await.unwrap();
    assert_eq!(
        dead.headers.get("Aegis-Dead-Subject").unwrap().as_str(),
        "aegis.event.definition.echo-service"
    );
    assert_eq!(dead.payload, "junk");
    let ready = control.http.get(control.at("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200);
}

#[tokio::test]
async fn a_replica_is_not_ready_while_jetstream_does_not_answer() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    nats.pause();
    let status = async || {
        control.http.get(control.at("/readyz")).timeout(Duration::from_secs(10)).send().await.unwrap()
    };
    assert_eq!(status().await.status(), 503);
    assert_eq!(control.http.get(control.at("/healthz")).send().await.unwrap().status(), 200);
    nats.resume();
    wait_until("readiness", PATIENCE, || async {
        let status = status().await.status();
        if status == 200 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn an_instance_tells_what_became_of_its_messages_and_what_waits() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(InstanceName::new("desk-1").unwrap());
    config.nats_url = nats.url();
    config.heartbeat_ms = 200;
    let once = RetryPolicy::exponential(Duration::from_millis(10), Duration::from_millis(10), 2);
    let narrow = Subscribe::to("orders.held").named("held").concurrency(1).window(1);
    let desk = Service::builder(config)
        .rpc("place", |call: Call, volume: u32| async move {
            call.events().publish("orders", "placed", &volume).await?;
            Ok::<_, Fault>(())
        })
        .on_event(Subscribe::to("orders.placed").retry(once), |_, volume: u32| async move {
            if volume == 0 { Err(Fault::later(Duration::ZERO, "nothing to buy")) } else { Ok(()) }
        })
        // Never done, so that what comes after it waits.
        .on_event(narrow, |_, (): ()| std::future::pending::<Result<(), Fault>>())
        .command("build", |_, (): ()| async { Ok::<_, Fault>(()) })
        .start()
        .await
        .unwrap();
    for volume in [1, 2, 0] {
        desk.client().call::<_, ()>(&Target::any("desk").unwrap(), "place", &volume, PATIENCE).await.unwrap();
    }
    for _ in 0..4 {
        desk.events().publish("orders", "held", &()).await.unwrap();
    }
    let mut build = desk.commands().send(desk.name(), "build", &(), SendOptions::default()).await.unwrap();
    build.result::<()>().await.unwrap();
    let query = "{ instance(service: \"desk\", instance: \"desk-1\") { metrics {
            events { published consumed failed retried deadLettered }
            commands { published consumed failed retried deadLettered }
            lag { consumer pending } } }
        service(name: \"desk\") { lag { consumer pending } } }";
    let events = json!({ "published": 7, "consumed": 2, "failed": 2, "retried": 1, "deadLettered": 1 });
    let commands = json!({ "published": 1, "consumed": 1, "failed": 0, "retried": 0, "deadLettered": 0 });
    wait_until("the figures", PATIENCE, || async {
        let data = control.query(query, json!({})).await;
        let metrics = &data["instance"]["metrics"];
        let waiting = |of: &Value| {
            let lag = of["lag"].as_array().cloned().unwrap_or_default();
            lag.iter().any(|it| it["consumer"] == "desk-held" && it["pending"] == 3)
        };
        let told = metrics["events"] == events && metrics["commands"] == commands;
        if told && waiting(metrics) && waiting(&data["service"]) { Ok(()) } else { Err(data.to_string()) }
    })
    .await;
    desk.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_instance_tells_its_configuration_what_it_serves_and_whom_it_calls() {
    let nats = NatsServer::start().await;
    let (_folder, control) = start(&nats).await;
    let named = |service: &str| {
        let mut config = ServiceConfig::new(service, "1.0.0").unwrap();
        config.instance = Some(InstanceName::new(format!("{service}-1")).unwrap());
        config.nats_url = nats.url();
        config.heartbeat_ms = 200;
        config
    };
    let pricing = Service::builder(named("pricing"))
        .rpc("quote", |_call, (): ()| async { Ok::<_, Fault>(1.08) })
        .start()
        .await
        .unwrap();
    let desk = Service::builder(named("desk"))
        .rpc("buy", |call: Call, (): ()| async move {
            let client = call.client();
            let quote = client
                .call::<_, f64>(&Target::any("pricing")?, "quote", &(), client.default_options())
                .await?;
            Ok::<_, Fault>(quote.body)
        })
        .start()
        .await
        .unwrap();
    let client = pricing.client();
    client.call::<_, f64>(&Target::any("desk").unwrap(), "buy", &(), PATIENCE).await.unwrap();
    let query = "{ instance(service: \"desk\", instance: \"desk-1\") { capabilities dependencies }
        configuration(service: \"desk\", instance: \"desk-1\") }";
    wait_until("the desk to be known", PATIENCE, || async {
        let data = control.query(query, json!({})).await;
        let told = &data["instance"];
        let known = told["capabilities"] == json!(["buy"]) && told["dependencies"] == json!(["pricing"]);
        if known && data["configuration"]["heartbeat_ms"] == 200 { Ok(()) } else { Err(data.to_string()) }
    })
    .await;
    desk.stop("done").await.unwrap();
    pricing.stop("done").await.unwrap();
}
