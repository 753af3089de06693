//! Servers in operator mode, where signed JWTs say who may connect, as `nsc` makes them.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fail::or_fail;
use crate::server::NatsServer;

/// An operator with a system account, and an account with JetStream, whose users are here.
#[derive(Debug)]
pub struct Realm {
    operator: KeyPair,
    system: KeyPair,
    account: KeyPair,
    folder: TempDir,
}

/// The claims, signed (<https://docs.nats.io/running-a-nats-service/configuration/securing_nats/jwt>).
fn sign(issuer: &KeyPair, subject: &KeyPair, name: &str, expires: Option<i64>, nats: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut claims = json!({
        "jti": name, "iat": now(), "iss": issuer.public_key(), "name": name,
        "sub": subject.public_key(), "nats": nats,
    });
    if let Some(at) = expires {
        claims["exp"] = json!(at);
    }
    let signed = format!("{}.{}", part(&json!({ "typ": "JWT", "alg": "ed25519-nkey" })), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(or_fail(issuer.sign(signed.as_bytes()).context("sign a JWT")));
    format!("{signed}.{signature}")
}

impl Realm {
    /// With keys of its own.
    ///
    /// # Panics
    /// When there is no folder for credentials files.
    #[must_use]
    pub fn new() -> Self {
        let [system, account] = [KeyPair::new_account(), KeyPair::new_account()];
        Self {
            operator: KeyPair::new_operator(),
            system,
            account,
            folder: or_fail(tempfile::tempdir().context("a folder")),
        }
    }

    /// The account whose users may connect.
    #[must_use]
    pub fn account(&self) -> &KeyPair {
        &self.account
    }

    /// A server that trusts the operator. This user of the account is revoked.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn server(&self, revoked: &KeyPair) -> NatsServer {
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
        let revoked = json!({ revoked.public_key(): now() + 60 });
        let floor = account(&self.account, "floor", 64, revoked);
        let config = format!(
            "operator: {operator}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload {{\n{system}\n{floor}\n}}",
            self.system.public_key()
        );
        NatsServer::builder().config(config).local().start().await
    }

    /// The credentials file of a user with this name, signed by this account; it expires at this second since 1970. One
    /// of the same name is replaced.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn creds(&self, account: &KeyPair, user: &KeyPair, name: &str, expires: Option<i64>) -> PathBuf {
        let claims = json!({
            "type": "user", "version": 2, "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1,
        });
        let jwt = sign(account, user, name, expires, &claims);
        let seed = or_fail(user.seed().context("the seed of a user"));
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             ************************* IMPORTANT *************************\n\
             NKEY Seed printed below can be used to sign and prove identity.\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        let path = self.folder.path().join(format!("{name}.creds"));
        or_fail(std::fs::write(&path, text).context("write the credentials file"));
        path
    }
}

impl Default for Realm {
    fn default() -> Self {
        Self::new()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
