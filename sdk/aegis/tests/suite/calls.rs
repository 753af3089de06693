//! What a client may promise about a call, against hand-made services.

use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_sdk::{CallOptions, Client, ConnectOptions, Connection, Fault, Service, ServiceConfig, Target};
use aegis_testkit::{FaultProxy, NatsServer, wait_until};
use async_nats::HeaderMap;
use futures_util::StreamExt as _;
use tokio::time::timeout;

const SHORT: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers every call on the subject with this code.
async fn answer(connection: &Connection, subject: &'static str, code: ErrorCode) {
    let client = connection.client().clone();
    let mut calls = client.subscribe(subject).await.unwrap();
    client.flush().await.unwrap();
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Service-Error-Code", code.as_str());
            let reply = call.reply.unwrap();
            client.publish_with_headers(reply, headers, "".into()).await.unwrap();
        }
    });
}

async fn outcome(connection: &Connection, options: CallOptions) -> String {
    let target = Target::owner("desk", "ACC-1").unwrap();
    let client = Client::new(connection);
    client.call::<_, ()>(&target, "buy", &(), options).await.unwrap_err().code().to_owned()
}

#[tokio::test]
async fn of_two_owners_one_of_which_is_not_active_the_other_may_have_acted() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let nobody = outcome(&connection, CallOptions::within(SHORT)).await;
    assert_eq!(nobody, ErrorCode::NoResponders.as_str());
    // One that was suspended, and is quick to say so; and its successor, still at work.
    answer(&connection, "rpc.desk.ACC-1.*", ErrorCode::NotActive).await;
    let mut successor = connection.client().subscribe("rpc.desk.ACC-1.*").await.unwrap();
    connection.client().flush().await.unwrap();
    for options in [CallOptions::within(SHORT), CallOptions::within(SHORT).idempotent()] {
        let told = outcome(&connection, options).await;
        assert!(successor.next().await.is_some());
        assert_eq!(told, ErrorCode::OutcomeUnknown.as_str());
    }
}

#[tokio::test]
async fn a_refusal_of_the_second_send_says_nothing_about_the_first() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let mut first = connection.client().subscribe("rpc.desk.ACC-1.*").await.unwrap();
    connection.client().flush().await.unwrap();
    let busy = async {
        // It has the call, and is lost before it answers; the one after it has no room.
        first.next().await.unwrap();
        first.unsubscribe().await.unwrap();
        answer(&connection, "rpc.desk.ACC-1.*", ErrorCode::Overloaded).await;
    };
    let call = outcome(&connection, CallOptions::within(SHORT).idempotent());
    let (told, ()) = tokio::join!(call, busy);
    assert_eq!(told, ErrorCode::OutcomeUnknown.as_str());
    // A refusal of the only send is one.
    let told = outcome(&connection, CallOptions::within(SHORT).idempotent()).await;
    assert_eq!(told, ErrorCode::Overloaded.as_str());
}

#[tokio::test]
async fn a_group_that_cannot_be_activated_any_more_says_nothing_about_an_earlier_send() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let mut first = connection.client().subscribe("rpc.desk.ACC-1.*").await.unwrap();
    answer(&connection, "aegis.activate.desk", ErrorCode::Overloaded).await;
    let gone = async {
        // It has the call, and is lost before it answers.
        first.next().await.unwrap();
        first.unsubscribe().await.unwrap();
    };
    let call = outcome(&connection, CallOptions::within(SHORT).idempotent());
    let (told, ()) = tokio::join!(call, gone);
    assert_eq!(told, ErrorCode::OutcomeUnknown.as_str());
    let told = outcome(&connection, CallOptions::within(SHORT).idempotent()).await;
    assert_eq!(told, ErrorCode::Overloaded.as_str());
}

#[tokio::test]
async fn a_deadline_holds_also_while_nothing_can_be_sent() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let told = async || {
        let call = outcome(&connection, CallOptions::within(SHORT));
        timeout(SHORT * 5, call).await.expect("the deadline has passed")
    };
    assert_eq!(told().await, ErrorCode::NoResponders.as_str());
    server.kill();
    // One that was sent before the loss was noticed may have arrived; after that nothing is sent.
    let unavailable = ErrorCode::Unavailable.as_str();
    wait_until("calls that say that nothing was sent", Duration::from_secs(10), || async {
        let told = told().await;
        if told == unavailable { Ok(()) } else { Err(told) }
    })
    .await;
}

#[tokio::test]
async fn an_owner_whose_lease_is_over_says_so_also_when_it_has_no_room() {
    let server = NatsServer::start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.nats_url = proxy.url();
    config.groups = vec!["ACC-1".parse().unwrap()];
    config.max_in_flight = 1;
    let full = Service::builder(config)
        .exclusive("wait", |_, (): ()| async { std::future::pending::<Result<(), Fault>>().await })
        .start()
        .await
        .unwrap();
    let group = "ACC-1".parse().unwrap();
    let owns = |wanted: bool| {
        let owns = full.guard().admit(&group).is_some();
        async move { if owns == wanted { Ok(()) } else { Err(format!("owns: {owns}")) } }
    };
    wait_until("a lease", Duration::from_secs(10), || owns(true)).await;
    let client = server.client().await;
    let subject = "rpc.desk.ACC-1.wait";
    // Those that are not refused fill it up.
    let told = async || {
        let reply = timeout(SHORT, client.request(subject, "".into())).await.map_err(|_late| "no answer")?;
        let headers = reply.map_err(|_none| "nobody")?.headers.unwrap();
        Ok::<_, &str>(headers.get("Nats-Service-Error-Code").unwrap().to_string())
    };
    let no_room = Ok(ErrorCode::Overloaded.to_string());
    wait_until("no room", Duration::from_secs(10), || async {
        let told = [told().await, told().await];
        if told.iter().all(|told| *told == no_room) { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    proxy.cut_named("pulse");
    wait_until("the end of the lease", Duration::from_secs(10), || owns(false)).await;
    assert_eq!(told().await, Ok(ErrorCode::NotActive.to_string()));
}

#[tokio::test]
async fn an_idempotent_call_has_the_first_reply_to_any_of_its_sends() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let client = Client::new(&connection);
    let (owner, desk) = (Target::owner("desk", "ACC-1").unwrap(), Target::any("desk").unwrap());
    let mut given_up = connection.client().subscribe("aegis.cancel.desk").await.unwrap();
    let mut nexts = connection.client().subscribe("rpc.desk.next").await.unwrap();
    for (target, subject, is_told) in [(&owner, "rpc.desk.ACC-1.sum", false), (&desk, "rpc.desk.sum", true)] {
        let mut sends = connection.client().subscribe(subject).await.unwrap();
        connection.client().flush().await.unwrap();
        let options = CallOptions::within(PATIENCE).idempotent();
        let call = client.call::<_, u8>(target, "sum", &(), options);
        let service = async {
            // It takes longer than the client waits until it sends again.
            let (first, second) = (sends.next().await.unwrap(), sends.next().await.unwrap());
            assert_ne!(first.reply, second.reply);
            connection.client().publish(first.reply.unwrap(), "7".into()).await.unwrap();
            second.reply.unwrap()
        };
        let (answer, second) = tokio::join!(call, service);
        assert_eq!(answer.unwrap().body, 7);
        // Whoever has the second works for nobody; an owner has both as one. What the client says after the call, if
        // anything, is there before what it says next.
        let next = client.call::<_, u8>(&desk, "next", &(), PATIENCE);
        let (next, ()) = tokio::join!(next, async {
            let reply = nexts.next().await.unwrap().reply.unwrap();
            connection.client().publish(reply, "8".into()).await.unwrap();
        });
        assert_eq!(next.unwrap().body, 8);
        connection.client().publish("aegis.cancel.desk", "the last".into()).await.unwrap();
        let told = timeout(PATIENCE, given_up.next()).await.unwrap().unwrap();
        assert_eq!(told.payload == second.as_bytes(), is_told);
        assert_eq!(told.payload != "the last", is_told);
    }
}

#[tokio::test]
async fn an_idempotent_call_is_sent_again_less_and_less_often() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let mut sends = connection.client().subscribe("rpc.desk.ACC-1.buy").await.unwrap();
    connection.client().flush().await.unwrap();
    let options = CallOptions::within(Duration::from_secs(2)).idempotent();
    assert_eq!(outcome(&connection, options).await, ErrorCode::OutcomeUnknown.as_str());
    connection.client().publish("rpc.desk.ACC-1.buy", "the last".into()).await.unwrap();
    let mut seen = 0;
    while sends.next().await.unwrap().payload != "the last" {
        seen += 1;
    }
    // After 50 ms, and then pauses of 75 to 100, 150 to 200, 300 to 400, and 375 to 500 ms.
    assert!((5..=9).contains(&seen), "{seen} times in two seconds");
}
