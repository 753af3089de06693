//! Services on a server in operator mode: who may connect is told by signed JWTs, as `nsc` makes them.

use std::path::PathBuf;
use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_sdk::nats::security::Credentials;
use aegis_sdk::{
    Client, ConnectError, ConnectOptions, Connection, ConnectionState, Fault, Service, ServiceConfig, Target,
};
use aegis_testkit::{NatsServer, Realm, wait_until};
use chrono::Utc;
use nkeys::KeyPair;

const PATIENCE: Duration = Duration::from_secs(10);

fn options(server: &NatsServer, creds: PathBuf) -> ConnectOptions {
    ConnectOptions {
        patience: Duration::from_millis(1_500),
        credentials: Some(Credentials::CredsFile(creds)),
        ..ConnectOptions::new(server.url(), "test")
    }
}

#[tokio::test]
async fn a_service_with_a_credentials_file_registers_serves_and_leads() {
    let realm = Realm::new();
    let server = realm.server(&KeyPair::new_user()).await;
    let creds = realm.creds(realm.account(), &KeyPair::new_user(), "desk", None);
    let config = format!(
        "service = \"desk\"\nversion = \"1.0.0\"\ninstance = \"desk-1\"\nnats_url = {:?}\ngroups = [\"main\"]\n\
         connections = 2\ncredentials = {{ creds_file = {creds:?} }}",
        server.url()
    );
    let service = Service::builder(ServiceConfig::from_toml(&config).unwrap())
        .rpc("say", |_call, text: String| async move { Ok::<_, Fault>(text) })
        .exclusive("who", |call: aegis_sdk::Call, (): ()| async move {
            Ok::<_, Fault>(call.instance().to_string())
        })
        .start()
        .await
        .unwrap();
    let other = realm.creds(realm.account(), &KeyPair::new_user(), "trader", None);
    let connection = Connection::open(options(&server, other)).await.unwrap();
    let client = Client::new(&connection);
    let any = Target::any("desk").unwrap();
    assert_eq!(client.call::<_, String>(&any, "say", &"hi", PATIENCE).await.unwrap().body, "hi");
    let who = client.call::<_, String>(&Target::owner("desk", "main").unwrap(), "who", &(), PATIENCE).await;
    let who = who.unwrap();
    assert_eq!((who.body.as_str(), who.term.is_some()), ("desk-1", true));
    let registry = connection.jetstream().get_key_value(connection.namespace().instances_bucket()).await;
    assert!(registry.unwrap().get("desk.desk-1").await.unwrap().is_some());
    // And again after the server was away.
    server.restart().await;
    wait_until("calls after the restart", PATIENCE * 2, || async {
        let said = client.call::<_, String>(&any, "say", &"hi", Duration::from_secs(1));
        said.await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn who_is_unknown_revoked_or_expired_is_refused_and_told_why() {
    let realm = Realm::new();
    let revoked = KeyPair::new_user();
    let server = realm.server(&revoked).await;
    let now = Utc::now().timestamp();
    for (what, creds) in [
        ("revoked", realm.creds(realm.account(), &revoked, "revoked", None)),
        ("of nobody's account", {
            realm.creds(&KeyPair::new_account(), &KeyPair::new_user(), "stranger", None)
        }),
        ("expired", realm.creds(realm.account(), &KeyPair::new_user(), "expired", Some(now - 1))),
    ] {
        let error = Connection::open(options(&server, creds)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Unauthenticated, "{what}: {error:?}");
        let (text, expired) = (error.to_string(), matches!(error, ConnectError::Expired { .. }));
        assert_eq!((expired, text.contains("have expired at")), (what == "expired", expired), "{text}");
        assert!(text.contains("refuses the connection"), "{text}");
    }
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.nats_url = server.url();
    let error = Service::builder(config).start().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("check the credentials"), "a service without any: {text}");
}

#[tokio::test]
async fn who_expires_while_it_is_connected_is_put_out() {
    let realm = Realm::new();
    let server = realm.server(&KeyPair::new_user()).await;
    let expires = Some(Utc::now().timestamp() + 3);
    let creds = realm.creds(realm.account(), &KeyPair::new_user(), "short", expires);
    let connection = Connection::open(options(&server, creds.clone())).await.unwrap();
    let mut state = connection.state();
    let lost = state.wait_for(|state| *state == ConnectionState::Reconnecting);
    tokio::time::timeout(PATIENCE, lost).await.unwrap().unwrap();
    // The server's timer may be early by less than a second.
    wait_until("the refusal", PATIENCE, || async {
        match Connection::open(options(&server, creds.clone())).await {
            Err(ConnectError::Expired { .. }) => Ok(()),
            other => Err(format!("{:?}", other.map(|connection| *connection.state().borrow()))),
        }
    })
    .await;
}
