//! What the server does not permit is told at once, by name, to whoever waits for it.

use std::time::{Duration, Instant};

use aegis_domain::ErrorCode;
use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_sdk::nats::bucket::Bucket;
use aegis_sdk::provision::provision;
use aegis_sdk::{
    Call, CallError, CallOptions, Client, ConnectOptions, Connection, EventContext, Events, Fault, Service,
    ServiceConfig, Target,
};
use aegis_testkit::{NatsServer, wait_until};

use crate::events::PATIENCE;

/// `app` may do everything but this; others may do all.
fn users(permissions: &str) -> String {
    format!(
        "authorization {{ users = [ {{ user: all, password: p }}, {{ user: app, password: p, permissions: {{ {permissions} }} }} ] }}"
    )
}

async fn server(permissions: &str) -> NatsServer {
    NatsServer::builder().config(users(permissions)).start().await
}

fn url(server: &NatsServer, user: &str) -> String {
    server.url().replace("nats://", &format!("nats://{user}:p@"))
}

async fn connect(server: &NatsServer, user: &str) -> Connection {
    Connection::open(ConnectOptions::new(url(server, user), user)).await.unwrap()
}

fn config(url: String) -> ServiceConfig {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some("desk-1".parse().unwrap());
    config.nats_url = url;
    config
}

fn desk(config: ServiceConfig) -> aegis_sdk::Builder {
    Service::builder(config)
        .rpc("quote", |_: Call, (): ()| std::future::ready(Ok::<_, Fault>(1)))
        .exclusive("buy", |_: Call, (): ()| std::future::ready(Ok::<_, Fault>(2)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_may_not_be_sent_fails_at_once_and_names_the_subject() {
    let server = server(r#"publish: { deny: ["rpc.desk.quote"] }"#).await;
    let service = desk(config(url(&server, "all"))).start().await.unwrap();
    let client = Client::new(&connect(&server, "app").await);
    let target = Target::any("desk").unwrap();
    for options in [CallOptions::within(PATIENCE), CallOptions::within(PATIENCE).idempotent()] {
        let begun = Instant::now();
        let failed = client.call::<_, u32>(&target, "quote", &(), options).await.unwrap_err();
        assert_eq!(failed.code(), ErrorCode::PermissionDenied.as_str(), "{failed}");
        assert!(failed.to_string().contains("rpc.desk.quote"), "{failed}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
    // What is permitted goes on.
    let own = Target::Instance("desk".parse().unwrap(), "desk-1".parse().unwrap());
    assert_eq!(client.call::<_, u32>(&own, "quote", &(), PATIENCE).await.unwrap().body, 1);
    service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_may_not_be_published_holds_nothing_up() {
    let server = server(r#"publish: { deny: ["events.secret.>"] }"#).await;
    provision(&connect(&server, "all").await).await.unwrap();
    let events = Events::new(&connect(&server, "app").await);
    let mut pending = vec![];
    for n in 0..30_u64 {
        let domain = if n % 3 == 0 { "secret" } else { "open" };
        pending.push((domain, events.publish_later(domain, "one", &n).await.unwrap()));
    }
    for (domain, pending) in pending {
        let outcome = pending.within(Duration::from_secs(3)).await;
        match domain {
            "open" => drop(outcome.unwrap()),
            _ => assert_eq!(outcome.unwrap_err().code(), ErrorCode::PermissionDenied),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_may_not_hear_its_calls_does_not_start() {
    for denied in ["rpc.desk.*", "service.desk.desk-1.*", "aegis.control.desk.desk-1"] {
        let server = server(&format!(r#"subscribe: {{ deny: ["{denied}"] }}"#)).await;
        let failed = desk(config(url(&server, "app"))).start().await.unwrap_err();
        assert_eq!(failed.code(), ErrorCode::PermissionDenied, "{denied}: {failed}");
        assert!(failed.to_string().contains(denied), "{denied}: {failed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_may_not_hear_the_calls_of_a_group_is_unwell_and_gives_it_up() {
    let server = server(r#"subscribe: { deny: ["rpc.desk.ACC-1.*"] }"#).await;
    let mut first = config(url(&server, "app"));
    first.groups = vec!["ACC-1".parse().unwrap()];
    let mut second = config(url(&server, "all"));
    (second.instance, second.groups) = (Some("desk-2".parse().unwrap()), first.groups.clone());
    let first = desk(first).start().await.unwrap();
    let second = desk(second).start().await.unwrap();
    let client = Client::new(&connect(&server, "all").await);
    let target = Target::owner("desk", "ACC-1").unwrap();
    let reply = client.call::<_, u32>(&target, "buy", &(), PATIENCE).await.unwrap();
    assert_eq!(reply.body, 2);
    wait_until("the permitted one owns it", PATIENCE, || async {
        let held = second.guard().serving();
        if held.is_empty() { Err(format!("{:?}", first.guard().serving())) } else { Ok(()) }
    })
    .await;
    first.stop("the test ends").await.unwrap();
    second.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_may_not_look_at_the_streams_says_so_at_once() {
    let server = server(r#"publish: { deny: ["$JS.API.STREAM.>"] }"#).await;
    let begun = Instant::now();
    let failed = desk(config(url(&server, "app"))).start().await.unwrap_err();
    assert_eq!(failed.code(), ErrorCode::PermissionDenied, "{failed}");
    assert!(failed.to_string().contains("$JS.API.STREAM."), "{failed}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_which_nothing_is_denied_is_not_disturbed_by_what_others_may_not_do() {
    let server = server(r#"publish: { deny: ["rpc.desk.ACC-9.*"] }"#).await;
    let mut config = config(url(&server, "all"));
    config.groups = vec!["ACC-1".parse().unwrap()];
    let service = desk(config).start().await.unwrap();
    let client = Client::new(&connect(&server, "app").await);
    let (good, bad) = (Target::owner("desk", "ACC-1").unwrap(), Target::owner("desk", "ACC-9").unwrap());
    for _ in 0..20 {
        let (good, bad) = tokio::join!(
            client.call::<_, u32>(&good, "buy", &(), PATIENCE),
            client.call::<_, u32>(&bad, "buy", &(), PATIENCE)
        );
        assert_eq!(good.unwrap().body, 2);
        assert!(
            matches!(bad, Err(CallError::Failed { ref code, .. }) if code == "PERMISSION_DENIED"),
            "{bad:?}"
        );
    }
    service.stop("the test ends").await.unwrap();
}

/// Waits until the instance is well, or says that it is not permitted this.
async fn unwell(server: &NatsServer, wanted: Option<&str>) {
    let bucket = Bucket::new(&connect(server, "all").await, "aegis_instances".to_owned());
    wait_until("the instance says how it is", PATIENCE, || async {
        let slot = bucket.read("desk.desk-1").await.map_err(|error| error.to_string())?;
        let record = slot.value.ok_or("no record")?;
        let record: Heartbeat = serde_json::from_slice(&record).map_err(|error| error.to_string())?;
        let is_so = match wanted {
            Some(subject) => record.unwell.as_ref().is_some_and(|reason| reason.contains(subject)),
            None => record.unwell.is_none(),
        };
        if is_so { Ok(()) } else { Err(format!("{:?}", record.unwell)) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_well_again_without_a_restart_when_a_permission_comes_back() {
    let server = server("publish: { deny: [\"unused\"] }").await;
    let mut config = config(url(&server, "app"));
    config.groups = vec!["ACC-1".parse().unwrap()];
    let service = desk(config)
        .on_event("deals.made", |_: EventContext, _: u64| std::future::ready(Ok::<_, Fault>(())))
        .start()
        .await
        .unwrap();
    let operator = connect(&server, "all").await;
    let client = Client::new(&operator);
    let targets = [(Target::any("desk").unwrap(), "quote"), (Target::owner("desk", "ACC-1").unwrap(), "buy")];
    for (denied, told) in [
        (r#"publish: { deny: ["aegis.heartbeat.desk.desk-1"] }"#, "aegis.heartbeat.desk.desk-1"),
        (r#"publish: { deny: ["$KV.aegis_leases.>"] }"#, "$KV.aegis_leases."),
        (r#"publish: { deny: ["$JS.API.CONSUMER.MSG.NEXT.>"] }"#, "$JS.API.CONSUMER.MSG.NEXT."),
        (r#"subscribe: { deny: ["rpc.desk.*"] }"#, "rpc.desk.*"),
        (r#"subscribe: { deny: ["rpc.desk.ACC-1.*"] }"#, "rpc.desk.ACC-1.*"),
        (r#"subscribe: { deny: ["aegis.control.desk.desk-1"] }"#, "aegis.control.desk.desk-1"),
    ] {
        server.reload(users(denied)).await;
        unwell(&server, Some(told)).await;
        server.reload(users("publish: { deny: [\"unused\"] }")).await;
        unwell(&server, None).await;
        for (target, method) in &targets {
            client
                .call::<_, u32>(target, method, &(), CallOptions::within(PATIENCE).idempotent())
                .await
                .unwrap();
        }
        let control = "aegis.control.desk.desk-1";
        operator.client().request(control, "{}".into()).await.expect("requests of operators are answered");
    }
    service.stop("the test ends").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_may_hear_replies_again_is_answered_without_a_new_connection() {
    let server = server(r#"subscribe: { deny: ["_INBOX.>"] }"#).await;
    let service = desk(config(url(&server, "all"))).start().await.unwrap();
    let client = Client::new(&connect(&server, "app").await);
    let target = Target::any("desk").unwrap();
    let call =
        || client.call::<_, u32>(&target, "quote", &(), CallOptions::within(Duration::from_millis(300)));
    call().await.unwrap_err();
    server.reload(users("publish: { deny: [\"unused\"] }")).await;
    wait_until("calls are answered", PATIENCE, || async {
        call().await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    service.stop("the test ends").await.unwrap();
}
