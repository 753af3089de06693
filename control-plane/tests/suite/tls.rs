//! HTTPS by the replica itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aegis_testkit::{NatsServer, Proc, wait_until};
use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::serve::Serve;
use crate::support::{PATIENCE, aegis};

/// Writes a new pair of files; answers the certificate.
fn renew(folder: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".into()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    certificate.der().clone()
}

/// What the replica answers to a client that knows this certificate alone.
async fn health(address: &str, known: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(known.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_replica_serves_https_takes_up_a_new_certificate_and_keeps_the_old_one_if_that_is_invalid() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let first = renew(folder.path());
    let tables = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}",
        folder.path().join("cert.pem"),
        folder.path().join("key.pem")
    );
    let serve = Serve::start_with(&nats.url(), folder.path(), &tables).await;
    // Clients that are slow to agree, or speak another language, hold up nobody.
    let mut silent = vec![];
    for _ in 0..50 {
        let mut stream = TcpStream::connect(&serve.address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
        silent.push(stream);
    }
    let answer = tokio::time::timeout(Duration::from_secs(2), health(&serve.address, &first)).await;
    assert!(answer.unwrap().unwrap().starts_with("HTTP/1.1 200"));

    let second = renew(folder.path());
    wait_until("the new certificate", PATIENCE, || async {
        health(&serve.address, &second).await.map_err(|e| e.to_string())
    })
    .await;
    assert!(health(&serve.address, &first).await.is_err());

    std::fs::write(folder.path().join("cert.pem"), "nonsense").unwrap();
    serve.says("the new certificate cannot be used").await;
    assert!(health(&serve.address, &second).await.is_ok());
}

#[tokio::test]
async fn files_that_are_no_certificate_end_the_start_with_their_name() {
    let folder = tempfile::tempdir().unwrap();
    renew(folder.path());
    let at = |name: &str| folder.path().join(name);
    std::fs::copy(at("cert.pem"), at("old.pem")).unwrap();
    renew(folder.path());
    for (certificate, key, said) in [
        ("none.pem", "key.pem", "none.pem cannot be read"),
        ("key.pem", "key.pem", "key.pem has no certificate"),
        ("cert.pem", "cert.pem", "cert.pem is no private key"),
        ("old.pem", "key.pem", "do not fit"),
    ] {
        let token = format!("[[token]]\nname = \"a\"\nrole = \"admin\"\nsha256 = \"{}\"\n", "0".repeat(64));
        let config = format!("{token}[tls]\ncertificate = {:?}\nkey = {:?}\n", at(certificate), at(key));
        std::fs::write(at("aegis.toml"), config).unwrap();
        let process: Proc = aegis()
            .args(["serve", "--listen", "127.0.0.1:0", "--nats-url", "nats://127.0.0.1:1"])
            .args([Path::new("--config"), &at("aegis.toml"), Path::new("--data-dir"), &at("data")])
            .spawn();
        assert!(!process.wait_exit(PATIENCE).await.success());
        assert!(process.lines().iter().any(|line| line.contains(said)), "{said}: {:?}", process.lines());
    }
}
