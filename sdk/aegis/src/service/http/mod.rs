//! Health, readiness and metrics of the service over HTTP, for probes and for Prometheus. Off unless the configuration names an address.

mod exposition;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aegis_domain::aggregate::instance::Status;
use aegis_leases::leadership::Guard;
use aegis_nats::ConnectionState;
use aegis_nats::supervise::supervised;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::Connection;
use crate::stats::Stats;

/// So many connections are served at once; more wait.
const CONNECTIONS: usize = 64;
/// How long a client may take over its request, and as long over reading the answer: whoever says nothing keeps others waiting no
/// longer than probes wait.
const PATIENCE: Duration = Duration::from_millis(500);
/// A pause after a connection could not be accepted, for want of descriptors say.
const PAUSE: Duration = Duration::from_millis(100);

/// What is told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) connection: Connection,
    pub(super) stats: Arc<Stats>,
    pub(super) guard: Guard,
    pub(super) status: watch::Receiver<Status>,
    pub(super) unwell: watch::Receiver<Option<String>>,
}

/// Listens at this address, until stopped.
pub(super) async fn start(address: SocketAddr, told: Told, stop: CancellationToken) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "health, readiness and metrics are served over HTTP");
    let (told, places) = (Arc::new(told), Arc::new(Semaphore::new(CONNECTIONS)));
    tokio::spawn(supervised("health over HTTP", async move || {
        while let Some(Ok(place)) = stop.run_until_cancelled(Arc::clone(&places).acquire_owned()).await {
            let Some(accepted) = stop.run_until_cancelled(listener.accept()).await else { return };
            match accepted {
                Ok((stream, _)) => {
                    let (told, stopped) = (Arc::clone(&told), stop.clone());
                    tokio::spawn(async move {
                        stopped.run_until_cancelled(serve(stream, &told)).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection was not accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }));
    Ok(())
}

/// One request.
async fn serve(stream: TcpStream, told: &Told) {
    let answering = service_fn(async |request| Ok::<_, Infallible>(told.answer(&request)));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), answering);
    if !matches!(tokio::time::timeout(PATIENCE * 2, serving).await, Ok(Ok(()))) {
        tracing::debug!("a request for health or metrics was not answered");
    }
}

impl Told {
    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "use GET\n");
            refused.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match request.uri().path() {
            "/healthz" => text(StatusCode::OK, "ok\n"),
            "/readyz" => match self.not_ready() {
                None => text(StatusCode::OK, "ok\n"),
                Some(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
            },
            "/metrics" => match exposition::write(self) {
                Ok(metrics) => {
                    let mut answer = text(StatusCode::OK, metrics);
                    let kind = hyper::header::HeaderValue::from_static(exposition::CONTENT_TYPE);
                    answer.headers_mut().insert(CONTENT_TYPE, kind);
                    answer
                }
                Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
            },
            _ => text(StatusCode::NOT_FOUND, "/healthz, /readyz and /metrics are served here\n"),
        }
    }

    /// Why the instance takes no calls now.
    fn not_ready(&self) -> Option<String> {
        let status = *self.status.borrow();
        if status != Status::Running {
            return Some(format!("the instance is {}", status.as_str()));
        }
        if *self.connection.state().borrow() != ConnectionState::Connected {
            return Some("there is no connection to NATS".to_owned());
        }
        self.unwell.borrow().as_ref().map(|reason| format!("unhealthy: {reason}"))
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    answer
}
