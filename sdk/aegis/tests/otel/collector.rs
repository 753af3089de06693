//! An OpenTelemetry collector: OTLP over HTTP, kept in memory.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aegis_testkit::wait_until;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::serve::Listener;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, Metric, metric, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

use super::PATIENCE;

/// What has come in.
#[derive(Debug, Default)]
struct Received {
    /// Each with the instance that it is from.
    spans: Vec<(String, Span)>,
    /// The latest of each instance.
    metrics: Vec<(String, Vec<Metric>)>,
    resources: Vec<Vec<(String, String)>>,
    headers: Vec<HeaderMap>,
    /// What is answered.
    status: StatusCode,
    refused: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Collector {
    pub(crate) url: String,
    received: Arc<Mutex<Received>>,
}

type Shared = State<Arc<Mutex<Received>>>;

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self::serve(listener, url)
    }

    /// One that is spoken to in secret, with the certificate of an authority that it writes into this file.
    pub(crate) async fn start_tls(ca_file: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(ca_file, ca.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let chain = vec![params.signed_by(&key, &ca).unwrap().der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", plain.local_addr().unwrap());
        Self::serve(Secret { plain, tls: TlsAcceptor::from(Arc::new(config)) }, url)
    }

    fn serve<L: Listener<Addr: std::fmt::Debug>>(listener: L, url: String) -> Self {
        let received = Arc::<Mutex<Received>>::default();
        let router = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/metrics", post(metrics))
            .with_state(Arc::clone(&received));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { url, received }
    }

    /// What is answered from now on.
    pub(crate) fn answer(&self, status: StatusCode) {
        self.received.lock().unwrap().status = status;
    }

    pub(crate) fn refused(&self) -> u64 {
        self.received.lock().unwrap().refused
    }

    pub(crate) fn spans(&self) -> Vec<(String, Span)> {
        self.received.lock().unwrap().spans.clone()
    }

    pub(crate) fn resources(&self) -> Vec<Vec<(String, String)>> {
        self.received.lock().unwrap().resources.clone()
    }

    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        self.received.lock().unwrap().headers.clone()
    }

    /// The only span of that name and kind, once it is there.
    pub(crate) async fn span(&self, instance: &str, name: &str, kind: i32) -> Span {
        let found = || {
            let of =
                |(from, span): &(String, Span)| from == instance && span.name == name && span.kind == kind;
            let found = self.spans().into_iter().filter(of).map(|(_, span)| span).collect::<Vec<_>>();
            assert!(found.len() <= 1, "{found:?}");
            found.into_iter().next().ok_or_else(|| format!("{} spans came", self.spans().len()))
        };
        wait_until(&format!("the span {name} of {instance}"), PATIENCE, || std::future::ready(found())).await
    }

    /// The latest figures of that name.
    fn metric(&self, instance: &str, name: &str) -> Option<Metric> {
        let received = self.received.lock().unwrap();
        let (_, metrics) = received.metrics.iter().rev().find(|(from, _)| from == instance)?;
        metrics.iter().find(|metric| metric.name == name).cloned()
    }

    pub(crate) fn histogram(
        &self,
        instance: &str,
        name: &str,
        operation: &str,
    ) -> Option<HistogramDataPoint> {
        let metric::Data::Histogram(histogram) = self.metric(instance, name)?.data? else { return None };
        let named = |point: &HistogramDataPoint| has(&point.attributes, "rpc.method", operation);
        histogram.data_points.into_iter().find(named)
    }

    /// The value of the only point that has these attributes.
    pub(crate) fn value(&self, instance: &str, name: &str, wanted: &[(&str, &str)]) -> Option<f64> {
        let data = self.metric(instance, name)?.data?;
        let points = if let metric::Data::Sum(sum) = data {
            sum.data_points
        } else if let metric::Data::Gauge(gauge) = data {
            gauge.data_points
        } else {
            return None;
        };
        let all = |attributes: &[KeyValue]| wanted.iter().all(|(key, value)| has(attributes, key, value));
        let mut points = points.into_iter().filter(|point| all(&point.attributes));
        let value = points.next()?.value?;
        assert!(points.next().is_none(), "{name} has one point");
        Some(match value {
            number_data_point::Value::AsDouble(value) => value,
            number_data_point::Value::AsInt(value) => value as f64,
        })
    }
}

/// Takes connections that speak TLS, and no others.
struct Secret {
    plain: TcpListener,
    tls: TlsAcceptor,
}

impl Listener for Secret {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (plain, from) = self.plain.accept().await.unwrap();
            if let Ok(stream) = self.tls.accept(plain).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.plain.local_addr()
    }
}

/// Whether this attribute is there with this value.
pub(crate) fn has(attributes: &[KeyValue], key: &str, value: &str) -> bool {
    pairs(attributes).iter().any(|(k, v)| k == key && v == value)
}

fn pairs(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |attribute: &KeyValue| {
        let any_value::Value::StringValue(text) = attribute.value.clone()?.value? else { return None };
        Some((attribute.key.clone(), text))
    };
    attributes.iter().filter_map(text).collect()
}

async fn traces(State(received): Shared, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut received = received.lock().unwrap();
    if received.status != StatusCode::OK {
        received.refused += 1;
        return received.status;
    }
    received.headers.push(headers);
    for one in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
        let resource = pairs(&one.resource.unwrap().attributes);
        let instance = instance(&resource);
        received.resources.push(resource);
        let spans = one.scope_spans.into_iter().flat_map(|scope| scope.spans);
        received.spans.extend(spans.map(|span| (instance.clone(), span)));
    }
    StatusCode::OK
}

async fn metrics(State(received): Shared, body: Bytes) -> StatusCode {
    let mut received = received.lock().unwrap();
    if received.status != StatusCode::OK {
        return received.status;
    }
    for one in ExportMetricsServiceRequest::decode(body).unwrap().resource_metrics {
        let instance = instance(&pairs(&one.resource.unwrap().attributes));
        let metrics = one.scope_metrics.into_iter().flat_map(|scope| scope.metrics).collect();
        received.metrics.push((instance, metrics));
    }
    StatusCode::OK
}

fn instance(resource: &[(String, String)]) -> String {
    resource.iter().find(|(key, _)| key == "service.instance.id").unwrap().1.clone()
}
