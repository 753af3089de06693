//! Where messages go, and how they are sent. Its address may hold a secret, so nothing but its host is ever told.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Deserialize;
use tokio::time::timeout;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::notice::Notice;

/// How long a connection, and a whole request, may take.
const CONNECT: Duration = Duration::from_secs(3);
const REQUEST: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(30);

/// Where messages go. Unknown fields are refused.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The address that messages are posted to: HTTP or HTTPS. It is in no log.
    url: String,
    /// A file with the value of the header `Authorization`, `Bearer …` for example; read for each message. Default: none.
    #[serde(default)]
    authorization_file: Option<PathBuf>,
    /// A file with the authorities that its certificate is held to, in PEM. Default: those of the system.
    #[serde(default)]
    ca_file: Option<PathBuf>,
}

/// A place that messages are posted to.
pub(crate) struct Target {
    client: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: Uri,
    host: String,
    authorization_file: Option<PathBuf>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Target {
    /// # Errors
    /// When the settings cannot be right; the address is not repeated.
    pub(crate) fn open(settings: &Settings) -> anyhow::Result<Self> {
        let invalid = "webhook.url is no address: use https://host/path";
        let url: Uri = settings.url.parse().ok().context(invalid)?;
        let authority = url.authority().context(invalid)?;
        ensure!(
            !authority.as_str().contains('@'),
            "webhook.url has a user in it, which is not sent: use webhook.authorization_file"
        );
        let host = authority.host().to_owned();
        let is_https = match url.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) | None => bail!("{invalid}"),
        };
        let roots = match (is_https, &settings.ca_file) {
            (true, Some(file)) => of_file(file)?,
            (true, None) => of_system()?,
            (false, _) => RootCertStore::empty(),
        };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS cannot be used")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(https.wrap_connector(tcp));
        Ok(Self { client, url, host, authorization_file: settings.authorization_file.clone() })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// # Errors
    /// When it was not taken, as far as is known.
    ///
    /// # Cancel safety
    /// A message whose sending is dropped may have arrived.
    pub(super) async fn post(&self, notice: &Notice) -> anyhow::Result<()> {
        let host = &self.host;
        let body = serde_json::to_vec(notice).context("a message cannot be written")?;
        let mut request = Request::post(self.url.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Full::new(Bytes::from(body)))
            .context("a message cannot be addressed")?;
        if let Some(file) = &self.authorization_file {
            request.headers_mut().insert(AUTHORIZATION, authorization(file).await?);
        }
        let sent = timeout(REQUEST, self.client.request(request)).await;
        let answer = sent.ok().with_context(|| format!("{host} did not answer within {REQUEST:?}"))?;
        let status = answer.with_context(|| format!("{host} was not reached"))?.status();
        ensure!(status.is_success(), "{host} answered {}", status.as_u16());
        Ok(())
    }
}

async fn authorization(file: &Path) -> anyhow::Result<HeaderValue> {
    let unread = || format!("{} cannot be read", file.display());
    let text = tokio::fs::read_to_string(file).await.with_context(unread)?;
    let value = HeaderValue::from_str(text.trim());
    let mut value = value.ok().with_context(|| format!("{} holds no value of a header", file.display()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn of_file(file: &Path) -> anyhow::Result<RootCertStore> {
    let unread = || format!("the certificates in {} cannot be used", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).with_context(unread)? {
        roots.add(certificate.with_context(unread)?).with_context(unread)?;
    }
    ensure!(!roots.is_empty(), "{}: there is none in it", unread());
    Ok(roots)
}

fn of_system() -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ensure!(!roots.is_empty(), "this system has no certificates of authorities: set webhook.ca_file");
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Settings {
        Settings { url: url.to_owned(), authorization_file: None, ca_file: None }
    }

    #[test]
    fn an_address_that_cannot_be_right_is_refused_and_none_is_ever_told() {
        for url in [
            "",
            "hooks.example",
            "ftp://hooks.example/se-cret",
            "https:///se-cret",
            "https://u:se-cret@hooks.example/",
        ] {
            let error = format!("{:#}", Target::open(&settings(url)).unwrap_err());
            assert!(error.contains("webhook.url") && !error.contains("se-cret"), "{url}: {error}");
        }
        let well = settings("http://hooks.example:81/in/se-cret?token=se-cret");
        let target = Target::open(&well).unwrap();
        assert_eq!(target.host(), "hooks.example");
        assert!(!format!("{well:?} {target:?}").contains("se-cret"));
    }
}
