//! What callers are told of the errors that handlers return.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aegis_sdk::{
    Call, CallError, CallOptions, Client, Codec, ConnectOptions, Connection, Fault, IntoFault, Service,
    Target,
};
use aegis_testkit::NatsServer;
use serde_json::{Value, json};

use super::{PATIENCE, any, config, start};

#[derive(Debug, thiserror::Error, Fault)]
enum Refused {
    #[error("over the limit of {limit}")]
    #[fault(code = "LIMIT_EXCEEDED", details)]
    Limit { limit: u64, account: &'static str },
    #[error("{0} is no side")]
    #[fault(code = "NO_SIDE", details)]
    Side(String),
    #[error("closed")]
    #[fault(code = "CLOSED", never)]
    Closed,
    #[error(transparent)]
    #[fault(nested)]
    Inner(#[from] CallError),
    #[error("cannot write /etc/secret")]
    #[fault(internal)]
    Disk(#[from] std::io::Error),
}

async fn check(_: Call, what: String) -> Result<(), Refused> {
    match what.as_str() {
        "limit" => Err(Refused::Limit { limit: 5, account: "ACC-1" }),
        "side" => Err(Refused::Side("up".to_owned())),
        "closed" => Err(Refused::Closed),
        "disk" => Err(std::io::Error::other("no space on /dev/sda1"))?,
        _ => Ok(()),
    }
}

async fn failed(
    client: &Client,
    target: &Target,
    method: &str,
    body: &str,
    codec: Codec,
) -> (String, String, Option<Value>) {
    let options = CallOptions::within(PATIENCE).codec(codec);
    let error = client.call::<_, Value>(target, method, &body, options).await.unwrap_err();
    let told = error.to_string();
    let CallError::Failed { code, message, details } = error else { unreachable!("{told}") };
    (code, message, details)
}

#[tokio::test]
async fn an_error_of_the_service_tells_its_code_its_text_and_its_fields() {
    let server = NatsServer::start().await;
    let builder = Service::builder(config(&server, "risk")).rpc("check", check);
    let (_service, client, _connection) = start(&server, builder).await;
    let risk = any("risk");
    for codec in [Codec::Json, Codec::MessagePack] {
        let told = async |what: &str| failed(&client, &risk, "check", what, codec).await;
        let (code, message, details) = told("limit").await;
        assert_eq!((code.as_str(), message.as_str()), ("LIMIT_EXCEEDED", "over the limit of 5"));
        assert_eq!(details, Some(json!({ "limit": 5, "account": "ACC-1" })), "{codec:?}");
        assert_eq!(told("side").await, ("NO_SIDE".to_owned(), "up is no side".to_owned(), Some(json!("up"))));
        assert_eq!(told("closed").await, ("CLOSED".to_owned(), "closed".to_owned(), None));
        let (code, message, details) = told("disk").await;
        assert_eq!((code.as_str(), details), ("HANDLER_FAILED", None));
        assert!(!message.contains("secret") && !message.contains("sda1"), "{message}");
    }
}

#[tokio::test]
async fn the_code_of_an_inner_call_travels_on_whether_it_is_nested_or_returned_by_the_question_mark() {
    let server = NatsServer::start().await;
    let risk = Service::builder(config(&server, "risk")).rpc("check", check).start().await.unwrap();
    let asked = |call: Call, what: String| async move {
        let (client, risk) = (call.client(), Target::any("risk").unwrap());
        client.call::<_, ()>(&risk, "check", &what, call.remaining()).await.map(|reply| reply.body)
    };
    let builder = Service::builder(config(&server, "desk"))
        .rpc("nested", move |call, what: String| async move { Ok::<_, Refused>(asked(call, what).await?) })
        .rpc("plain", move |call, what: String| async move { Ok::<_, Fault>(asked(call, what).await?) })
        .rpc("itself", asked);
    let (_service, client, _connection) = start(&server, builder).await;
    for method in ["nested", "plain", "itself"] {
        let (code, message, details) = failed(&client, &any("desk"), method, "limit", Codec::Json).await;
        assert_eq!((code.as_str(), message.as_str()), ("LIMIT_EXCEEDED", "over the limit of 5"), "{method}");
        assert_eq!(details, Some(json!({ "limit": 5, "account": "ACC-1" })), "{method}");
    }
    risk.stop("the test ends").await.unwrap();
}

/// These codes say that nothing was done, so that clients send the call again; what the handler has done before it heard that from
/// somebody else was done.
#[tokio::test]
async fn an_inner_call_that_did_nothing_does_not_make_the_outer_one_run_twice() {
    let server = NatsServer::start().await;
    let ran = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&ran);
    let mut config = config(&server, "desk");
    config.groups = vec!["ACC-1".parse().unwrap()];
    let builder = Service::builder(config).exclusive("place", move |_: Call, code: String| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move { Err::<(), _>(CallError::Failed { code, message: "d-2 does".into(), details: None }) }
    });
    let (_service, client, _connection) = start(&server, builder).await;
    let desk = Target::owner("desk", "ACC-1").unwrap();
    let bounded = client.with_resilience(aegis_sdk::Resilience::default());
    for client in [client, bounded] {
        for code in ["NOT_ACTIVE", "DEADLINE_EXCEEDED", "NO_RESPONDERS", "OVERLOADED", "UNAVAILABLE"] {
            ran.store(0, Ordering::SeqCst);
            for options in [CallOptions::within(PATIENCE), CallOptions::within(PATIENCE).idempotent()] {
                let error = client.call::<_, ()>(&desk, "place", &code, options).await.unwrap_err();
                assert_eq!(error.to_string(), format!("HANDLER_FAILED: {code}: d-2 does"));
            }
            assert_eq!(ran.load(Ordering::SeqCst), 2, "{code}");
        }
    }
}

#[tokio::test]
async fn details_that_are_too_large_are_left_out_and_the_failure_is_told() {
    let server = NatsServer::start().await;
    let builder = Service::builder(config(&server, "desk")).rpc("fail", |_: Call, size: usize| async move {
        Err::<(), _>(Fault::new("LARGE", "see there").with_details("x".repeat(size)))
    });
    let (_service, client, _connection) = start(&server, builder).await;
    for (size, is_told) in [(1_000, true), ((16 << 10) + 1, false), (3 << 20, false)] {
        let error = client.call::<_, ()>(&any("desk"), "fail", &size, PATIENCE).await.unwrap_err();
        let CallError::Failed { code, details, .. } = error else { panic!("{error:?}") };
        assert_eq!((code.as_str(), details.is_some()), ("LARGE", is_told), "{size}");
    }
}

#[tokio::test]
async fn errors_of_the_sdk_keep_their_codes_wherever_they_stand_in_the_chain() {
    #[derive(Debug, thiserror::Error)]
    #[error("the book at /srv/book is gone")]
    struct Book(#[source] aegis_sdk::fencing::StaleTerm);

    let stale = || aegis_sdk::fencing::StaleTerm {
        group: "ACC-1".parse().unwrap(),
        term: aegis_sdk::domain::Term(3),
        current: aegis_sdk::domain::Term(4),
    };
    for fault in [Fault::from(stale()), Fault::from(Book(stale())), stale().into_fault()] {
        assert_eq!(fault.code(), "STALE_TERM");
        assert_eq!(fault.message(), "term 3 of ACC-1 is over: the sink has seen term 4");
    }
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "reader")).await.unwrap();
    let client = Client::new(&connection);
    let nobody = client.call::<_, ()>(&any("nobody"), "x", &(), std::time::Duration::from_millis(50)).await;
    // Its handler has run: that nobody served the inner call does not say that nothing was done.
    assert_eq!(Fault::from(nobody.unwrap_err()).code(), "HANDLER_FAILED");
}
