//! Credentials that are renewed while a connection stands.

use std::time::{SystemTime, UNIX_EPOCH};

use aegis_testkit::Realm;
use nkeys::KeyPair;

use super::*;

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

pub(super) async fn credentials_are_read_anew_when_they_have_expired(kind: TransportKind) {
    let realm = Realm::new();
    let server = realm.server(&KeyPair::new_user()).await;
    let (user, expires) = (KeyPair::new_user(), now() + 3);
    let file = Credentials::CredsFile(realm.creds(realm.account(), &user, "app", Some(expires)));
    let transport = open(kind, address(&server.url(), Some(file), None), OnDisconnect::Buffer);
    is_connected(&transport).await;
    let (_open, mut messages) = heard(&transport, "a");
    // The server's timer may be early by less than a second: then it lets in once more.
    let state = transport.state();
    wait_until("the server puts it out", PATIENCE, || async {
        let state = *state.borrow();
        if state == ConnectionState::Reconnecting && now() > expires {
            Ok(())
        } else {
            Err(format!("{state:?}"))
        }
    })
    .await;
    let renewed = realm.creds(realm.account(), &user, "app", Some(now() + 600));
    say(&transport, "a", "renewed").unwrap();
    assert_eq!(next(&mut messages).await.payload, "renewed", "with {}", renewed.display());
}

pub(super) async fn credentials_that_cannot_be_read_are_those_read_before(kind: TransportKind) {
    let realm = Realm::new();
    let server = realm.server(&KeyPair::new_user()).await;
    let creds = realm.creds(realm.account(), &KeyPair::new_user(), "app", None);
    let file = Credentials::CredsFile(creds.clone());
    let transport = open(kind, address(&server.url(), Some(file), None), OnDisconnect::Buffer);
    is_connected(&transport).await;
    std::fs::remove_file(creds).unwrap();
    server.restart().await;
    hears(&transport, &transport, "a").await;
}
