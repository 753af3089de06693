//! The collector: OTLP over HTTP/1.1, with the TLS of the connection to NATS.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rand::Rng as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::config::OtelConfig;
use aegis_nats::security::Tls;
use aegis_nats::tls;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an answer that are read.
const ANSWER_MAX: usize = 64 << 10;
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Where messages go.
#[derive(Debug)]
pub(super) struct Collector {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    endpoint: String,
    headers: HeaderMap,
    /// Whether it did not answer when it was last asked.
    away: AtomicBool,
}

/// The collector did not take a message.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// The same message may be taken later, after this time if the collector has named one.
    #[error("the collector cannot be reached: {detail}")]
    Passing { detail: String, after: Option<Duration> },
    /// It will not take it.
    #[error("the collector refuses it: {detail}")]
    Refused { detail: String },
}

impl Collector {
    /// # Errors
    /// When the address is `https` and the authorities to check it against cannot be read.
    pub(super) fn new(config: &OtelConfig) -> std::io::Result<Self> {
        let tls = Tls { ca_file: config.ca_file.clone(), ..Tls::default() };
        // Certificates are read only where they are needed: an image without any reaches a collector by http.
        let https = match config.endpoint.starts_with("https:") {
            true => tls::config(Some(&tls))?,
            false => untrusting()?,
        };
        let https = HttpsConnectorBuilder::new().with_tls_config(Arc::unwrap_or_clone(https)).https_or_http();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .build(https.enable_http1().build());
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            let name = HeaderName::try_from(name).map_err(std::io::Error::other)?;
            let mut value = HeaderValue::try_from(value.reveal()).map_err(std::io::Error::other)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        let endpoint = config.endpoint.trim_end_matches('/').to_owned();
        Ok(Self { client, endpoint, headers, away: AtomicBool::new(false) })
    }

    /// Sends one message; the answer's body.
    pub(super) async fn send(&self, path: &str, message: Bytes) -> Result<Bytes, Failed> {
        let sent = tokio::time::timeout(PATIENCE, self.post(path, message)).await;
        let sent =
            sent.unwrap_or_else(|_late| Err(Failed::passing(format!("no answer within {PATIENCE:?}"))));
        let away = matches!(sent, Err(Failed::Passing { .. }));
        match (self.away.swap(away, Ordering::Relaxed), &sent) {
            (false, Err(failed @ Failed::Passing { .. })) => {
                tracing::warn!(endpoint = self.endpoint, %failed, "telemetry is not exported; trying again");
            }
            (true, Ok(_) | Err(Failed::Refused { .. })) => {
                tracing::info!(endpoint = self.endpoint, "the collector is back");
            }
            (false, Ok(_) | Err(Failed::Refused { .. })) | (true, Err(Failed::Passing { .. })) => {}
        }
        sent
    }

    async fn post(&self, path: &str, message: Bytes) -> Result<Bytes, Failed> {
        let mut request = Request::post(format!("{}/{path}", self.endpoint))
            .body(Full::new(message))
            .map_err(|error| Failed::Refused { detail: error.to_string() })?;
        request.headers_mut().clone_from(&self.headers);
        let reply = self.client.request(request).await.map_err(|error| Failed::passing(chain(&error)))?;
        let status = reply.status();
        let after = reply.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
        let body = Limited::new(reply.into_body(), ANSWER_MAX).collect().await;
        if status.is_success() {
            // It has the message, whatever became of what it says of it.
            return Ok(body.map(http_body_util::Collected::to_bytes).unwrap_or_default());
        }
        let detail = format!("it answers {status}");
        // Those that the specification of OTLP names, and no others, are worth a second try.
        Err(match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                Failed::Passing { detail, after: after.map(Duration::from_secs) }
            }
            _ => Failed::Refused { detail },
        })
    }

    /// How long to wait before the next try: with jitter, doubled each time up to 10 s.
    pub(super) fn pause(attempt: u32) -> Duration {
        let ceiling = PAUSE_FIRST.saturating_mul(1 << attempt.min(16)).min(PAUSE_MAX);
        rand::rng().random_range(ceiling / 2..=ceiling)
    }
}

impl Failed {
    fn passing(detail: String) -> Self {
        Self::Passing { detail, after: None }
    }
}

/// For addresses without TLS: it trusts no certificate.
fn untrusting() -> std::io::Result<Arc<ClientConfig>> {
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(std::io::Error::other)?;
    Ok(Arc::new(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()))
}

/// The client says «client error» and no more; what lies under it tells why.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        for attempt in 1..100 {
            let pause = Collector::pause(attempt);
            assert!(pause >= PAUSE_FIRST / 2 && pause <= PAUSE_MAX, "{attempt}: {pause:?}");
        }
        assert!(Collector::pause(20) >= PAUSE_MAX / 2);
    }
}
