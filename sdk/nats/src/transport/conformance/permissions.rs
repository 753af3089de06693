//! What the server does not permit.

use tokio::sync::broadcast;

use super::*;
use crate::denial::Denied;
use crate::security::Secret;

const DENIED: &str = r#"{ publish: { deny: ["secret.>"] }, subscribe: { deny: ["hidden.>"] } }"#;

async fn guarded(kind: TransportKind) -> (NatsServer, AnyTransport) {
    let server = NatsServer::builder().config(user(DENIED)).local().start().await;
    let app = Credentials::UserPassword { user: "app".to_owned(), password: Secret::new("pw") };
    let transport = open(kind, address(&server.url(), Some(app), None), OnDisconnect::Buffer);
    is_connected(&transport).await;
    (server, transport)
}

fn user(permissions: &str) -> String {
    format!("authorization {{ users: [ {{ user: app, password: pw, permissions: {permissions} }} ] }}")
}

async fn told(denials: &mut broadcast::Receiver<Denied>) -> Denied {
    tokio::time::timeout(PATIENCE, denials.recv()).await.expect("a denial is told").unwrap()
}

pub(super) async fn what_may_not_be_published_or_heard_is_told_with_its_subject(kind: TransportKind) {
    let (_server, transport) = guarded(kind).await;
    let mut denials = transport.denials().listen();
    say(&transport, "secret.a", "").unwrap();
    assert_eq!(told(&mut denials).await, Denied::Publish("secret.a".to_owned()));
    for queue in [None, Some("crew".to_owned())] {
        let interest = Interest { subject: "hidden.b".to_owned(), queue: queue.clone() };
        let _open = transport.subscribe("hidden.b", queue, |_message| {});
        assert_eq!(told(&mut denials).await, Denied::Subscribe(interest));
    }
    assert_eq!(transport.denials().subscription().as_deref(), Some("hidden.b"));
    // Nothing else ends with it.
    assert_eq!(*transport.state().borrow(), ConnectionState::Connected);
    let (_open, mut messages) = heard(&transport, "a");
    say(&transport, "a", "on").unwrap();
    assert_eq!(next(&mut messages).await.payload, "on");
}

pub(super) async fn a_subscription_that_is_permitted_again_is_heard_again(kind: TransportKind) {
    let (server, transport) = guarded(kind).await;
    let (_open, mut messages) = heard(&transport, "hidden.b");
    let interest = Interest { subject: "hidden.b".to_owned(), queue: None };
    let mut denials = transport.denials().listen();
    transport.subscribe_again(&interest);
    assert!(transport.flush(PATIENCE).await);
    assert_eq!(told(&mut denials).await, Denied::Subscribe(interest.clone()));
    server.reload(user("{}")).await;
    // The server may end the connection when permissions change.
    wait_until("the subscription is taken", PATIENCE, || async {
        transport.subscribe_again(&interest);
        if transport.flush(PATIENCE).await { Ok(()) } else { Err("the connection was lost".to_owned()) }
    })
    .await;
    arrives(&transport, "hidden.b", "at last", &mut messages).await;
}
