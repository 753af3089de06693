//! Services on a server in operator mode: who may connect is told by signed JWTs, as `nsc` makes them.

use std::path::PathBuf;
use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_sdk::nats::security::Credentials;
use aegis_sdk::{
    Client, ConnectError, ConnectOptions, Connection, ConnectionState, Fault, Service, ServiceConfig, Target,
};
use aegis_testkit::{NatsServer, wait_until};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use nkeys::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(10);

/// An operator with a system account, and an account with JetStream, whose users are here.
struct Realm {
    operator: KeyPair,
    system: KeyPair,
    account: KeyPair,
    folder: TempDir,
}

/// The claims, signed (<https://docs.nats.io/running-a-nats-service/configuration/securing_nats/jwt>).
fn sign(issuer: &KeyPair, subject: &KeyPair, name: &str, expires: Option<i64>, nats: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut claims = json!({
        "jti": name, "iat": Utc::now().timestamp(), "iss": issuer.public_key(), "name": name,
        "sub": subject.public_key(), "nats": nats,
    });
    if let Some(at) = expires {
        claims["exp"] = json!(at);
    }
    let signed = format!("{}.{}", part(&json!({ "typ": "JWT", "alg": "ed25519-nkey" })), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

impl Realm {
    fn new() -> Self {
        let [system, account] = [KeyPair::new_account(), KeyPair::new_account()];
        Self { operator: KeyPair::new_operator(), system, account, folder: tempfile::tempdir().unwrap() }
    }

    /// A server that trusts the operator. This user of the account is revoked.
    async fn server(&self, revoked: &KeyPair) -> NatsServer {
        let limits = |streams: i64| {
            json!({
                "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
                "conn": -1, "leaf": -1, "mem_storage": streams * (1 << 20), "disk_storage": streams * (1 << 26),
                "streams": streams, "consumer": streams * 10,
            })
        };
        let account = |key: &KeyPair, name: &str, streams: i64, revocations: Value| {
            let claims = json!({
                "type": "account", "version": 2, "limits": limits(streams), "revocations": revocations,
                "default_permissions": { "pub": {}, "sub": {} },
            });
            format!("{}: {}", key.public_key(), sign(&self.operator, key, name, None, &claims))
        };
        let operator = json!({ "type": "operator", "version": 2 });
        let operator = sign(&self.operator, &self.operator, "operator", None, &operator);
        let system = account(&self.system, "SYS", 0, json!({}));
        let revoked = json!({ revoked.public_key(): Utc::now().timestamp() + 60 });
        let floor = account(&self.account, "floor", 64, revoked);
        let config = format!(
            "operator: {operator}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload {{\n{system}\n{floor}\n}}",
            self.system.public_key()
        );
        NatsServer::builder().config(config).local().start().await
    }

    /// The credentials file of a user, signed by this account.
    fn creds(&self, account: &KeyPair, user: &KeyPair, name: &str, expires: Option<i64>) -> PathBuf {
        let claims = json!({
            "type": "user", "version": 2, "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1,
        });
        let jwt = sign(account, user, name, expires, &claims);
        let seed = user.seed().unwrap();
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             ************************* IMPORTANT *************************\n\
             NKEY Seed printed below can be used to sign and prove identity.\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        let path = self.folder.path().join(format!("{name}.creds"));
        std::fs::write(&path, text).unwrap();
        path
    }
}

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
    let creds = realm.creds(&realm.account, &KeyPair::new_user(), "desk", None);
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
    let other = realm.creds(&realm.account, &KeyPair::new_user(), "trader", None);
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
        ("revoked", realm.creds(&realm.account, &revoked, "revoked", None)),
        ("of nobody's account", {
            realm.creds(&KeyPair::new_account(), &KeyPair::new_user(), "stranger", None)
        }),
        ("expired", realm.creds(&realm.account, &KeyPair::new_user(), "expired", Some(now - 1))),
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
    let creds = realm.creds(&realm.account, &KeyPair::new_user(), "short", expires);
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
