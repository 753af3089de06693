//! Connections to servers that ask who is there, and that are spoken to in secret.

use std::path::Path;
use std::time::Duration;

use aegis_sdk::nats::security::{Credentials, Secret, Tls};
use aegis_sdk::{CallError, Client, ConnectError, ConnectOptions, Connection, Target};
use aegis_testkit::NatsServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

fn options(server: &NatsServer) -> ConnectOptions {
    ConnectOptions { patience: Duration::from_millis(1_500), ..ConnectOptions::new(server.url(), "test") }
}

fn with(server: &NatsServer, credentials: Credentials) -> ConnectOptions {
    ConnectOptions { credentials: Some(credentials), ..options(server) }
}

/// Connects, and asks the server for something on each kind of socket.
async fn works(options: ConnectOptions) {
    let connection = Connection::open(options).await.unwrap();
    connection.jetstream().query_account().await.unwrap();
    let (client, nobody) = (Client::new(&connection), Target::any("nobody").unwrap());
    let call = client.call::<_, ()>(&nobody, "say", &(), Duration::from_millis(500));
    let told = call.await.unwrap_err();
    assert!(matches!(told, CallError::NoResponders { .. }), "the server itself says so: {told:?}");
}

async fn is_refused(options: ConnectOptions) {
    let error = Connection::open(options).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
    assert!(text.contains("check the credentials"), "{text}");
}

#[tokio::test]
async fn a_user_with_a_password_gets_in_and_others_are_told_why_not() {
    let server =
        NatsServer::builder().config("authorization { user: app, password: hunter2 }").local().start().await;
    let named =
        |password: &str| Credentials::UserPassword { user: "app".into(), password: Secret::new(password) };
    works(with(&server, named("hunter2"))).await;
    is_refused(with(&server, named("wrong"))).await;
    is_refused(options(&server)).await;
}

#[tokio::test]
async fn a_token_gets_in() {
    let server = NatsServer::builder().config("authorization { token: s3cret }").local().start().await;
    works(with(&server, Credentials::Token(Secret::new("s3cret")))).await;
    is_refused(with(&server, Credentials::Token(Secret::new("other")))).await;
    let in_url = server.url().replace("nats://", "nats://s3cret@");
    works(ConnectOptions { url: in_url, ..options(&server) }).await;
}

#[tokio::test]
async fn an_nkey_gets_in_and_another_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, other) = (nkeys::KeyPair::new_user(), nkeys::KeyPair::new_user());
    let config = format!("authorization {{ users: [ {{ nkey: {} }} ] }}", mine.public_key());
    let server = NatsServer::builder().config(config).local().start().await;
    let seed = |name: &str, key: &nkeys::KeyPair| {
        let path = folder.path().join(name);
        std::fs::write(&path, key.seed().unwrap() + "\n").unwrap();
        Credentials::NkeyFile(path)
    };
    works(with(&server, seed("mine", &mine))).await;
    is_refused(with(&server, seed("other", &other))).await;
}

/// An authority, and certificates of it for the server and a client.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn new() -> Self {
        let certificates = Self { folder: tempfile::tempdir().unwrap() };
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        certificates.write("ca.pem", &ca.pem());
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
            certificates.write(&format!("{name}.pem"), &params.signed_by(&key, &ca).unwrap().pem());
            certificates.write(&format!("{name}.key"), &key.serialize_pem());
        }
        certificates
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn shown(path: &Path) -> String {
        path.display().to_string()
    }

    /// The server's side; it asks for a certificate of the client.
    fn config(&self) -> String {
        let [cert, key, ca] =
            ["server.pem", "server.key", "ca.pem"].map(|name| Self::shown(&self.path(name)));
        format!("tls {{ cert_file: {cert:?}, key_file: {key:?}, ca_file: {ca:?}, verify: true }}")
    }
}

#[tokio::test]
async fn tls_with_certificates_on_both_sides() {
    let certificates = Certificates::new();
    let server = NatsServer::builder().config(certificates.config()).local().start().await;
    let tls = Tls {
        ca_file: Some(certificates.path("ca.pem")),
        cert_file: Some(certificates.path("client.pem")),
        key_file: Some(certificates.path("client.key")),
        handshake_first: false,
    };
    works(ConnectOptions { tls: Some(tls.clone()), ..options(&server) }).await;
    let stranger = Tls { cert_file: None, key_file: None, ..tls.clone() };
    let refused = Connection::open(ConnectOptions { tls: Some(stranger), ..options(&server) }).await;
    assert!(refused.is_err(), "the server asks for a certificate");
    let strange = Certificates::new();
    let other_authority = Tls { ca_file: Some(strange.path("ca.pem")), ..tls };
    is_refused(ConnectOptions { tls: Some(other_authority), ..options(&server) }).await;
}

#[tokio::test]
async fn tls_that_begins_before_the_server_has_said_anything() {
    let certificates = Certificates::new();
    let config = certificates.config().replace("verify: true", "verify: true, handshake_first: true");
    let server = NatsServer::builder().config(config).local().start().await;
    let tls = Tls {
        ca_file: Some(certificates.path("ca.pem")),
        cert_file: Some(certificates.path("client.pem")),
        key_file: Some(certificates.path("client.key")),
        handshake_first: true,
    };
    works(ConnectOptions { tls: Some(tls), ..options(&server) }).await;
}
