//! Over HTTPS, behind a base path.

use aegis_testkit::{NatsServer, wait_until};
use rcgen::{CertificateParams, KeyPair};

use super::{Ran, run};
use crate::audit::written;
use crate::serve::Serve;
use crate::support::PATIENCE;

#[tokio::test]
async fn a_private_authority_is_named_and_anybody_else_is_not_trusted() {
    let nats = NatsServer::start().await;
    written(&nats).await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    std::fs::write(at("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(at("cert.pem"), certificate.pem()).unwrap();
    let other = KeyPair::generate().unwrap();
    let other = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&other).unwrap();
    std::fs::write(at("other.pem"), other.pem()).unwrap();
    std::fs::write(at("none.pem"), "none").unwrap();
    let settings = "public_url = \"https://floor.example/aegis\"";
    let tables = format!("[tls]\ncertificate = {:?}\nkey = {:?}\n", at("cert.pem"), at("key.pem"));
    let serve = Serve::start_configured(&nats.url(), folder.path(), settings, &tables).await;
    let port = serve.address.rsplit(':').next().unwrap();
    let ask = async |host: &str, more: &[&str]| -> Ran {
        let url = format!("https://{host}:{port}/aegis");
        let args: Vec<_> =
            ["definitions", "list", "--url", &url].into_iter().chain(more.iter().copied()).collect();
        run(&args, &[("AEGIS_TOKEN", &serve.token)]).await
    };
    let ca = at("cert.pem").display().to_string();
    for host in ["localhost", "127.0.0.1"] {
        wait_until("the definitions", PATIENCE, || async {
            let listed = ask(host, &["--ca", &ca]).await;
            if listed.code == 0 && listed.has("bonds") { Ok(()) } else { Err(format!("{listed:?}")) }
        })
        .await;
    }
    let other = at("other.pem").display().to_string();
    for more in [&["--ca", other.as_str()][..], &[]] {
        let refused = ask("localhost", more).await;
        let told = refused.has("certificate that is not trusted") && refused.has("--ca");
        // A system without any authorities trusts nobody, either, and says so.
        let none = more.is_empty() && refused.has("has no certificates of authorities");
        assert!(refused.code == 1 && (told || none), "{refused:?}");
    }
    let none = at("none.pem").display().to_string();
    let refused = ask("localhost", &["--ca", &none]).await;
    assert!(refused.code == 1 && refused.has("none.pem cannot be used"), "{refused:?}");
}
