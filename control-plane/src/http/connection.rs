//! Accepts connections: time limits for what clients send, and the end of all connections at a stop.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use super::outside::Outside;
use super::places::Places;
use super::{App, router};

/// From the first byte that is waited for to the end of a request's headers; so long an idle connection stays open, too.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long requests under way have at a stop.
const FINISH: Duration = Duration::from_secs(3);
/// How many connections there may be at a time; more wait to be taken.
const CONNECTIONS: usize = 4_096;
/// How many of them one address may have; what is more is closed at once.
const CONNECTIONS_EACH: usize = 2_048;
/// How long a client may take none of its answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long to wait when the system has no more sockets.
const PAUSE: Duration = Duration::from_millis(200);

/// The address of the sender of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Serves until stopped; requests under way have [`FINISH`] to end.
pub(crate) async fn serve(listener: TcpListener, app: App) {
    let (stop, tasks) = (app.stop.clone(), app.tasks.clone());
    let (outside, tls) = (Arc::clone(&app.outside), app.tls.clone());
    let service = TowerToHyperService::new(router(app));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let of_address = Places::new(CONNECTIONS_EACH);
    let accept = async {
        loop {
            // Never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, peer) = match listener.accept().await {
                Ok((stream, peer)) => (stream, peer.ip().to_canonical()),
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be taken");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let mine = of_address.take(&peer);
            // All that comes by a proxy has the address of that.
            if mine.is_none() && !outside.trusts(peer) {
                tracing::debug!(%peer, "a connection is closed: its address has {CONNECTIONS_EACH} already");
                continue;
            }
            let (service, stop, outside) = (service.clone(), stop.clone(), Arc::clone(&outside));
            let tls = tls.clone();
            tasks.spawn(async move {
                match tls {
                    None => converse(stream, peer, &outside, service, stop).await,
                    // A client with a slow handshake does not block others.
                    Some(tls) => match stop.run_until_cancelled(tls.accept(stream)).await {
                        Some(Ok(stream)) => converse(stream, peer, &outside, service, stop).await,
                        Some(Err(error)) => tracing::debug!(%peer, %error, "no agreement on TLS"),
                        None => {}
                    },
                }
                drop((place, mine));
            });
        }
    };
    let _stopped = stop.run_until_cancelled(accept).await;
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    peer: IpAddr,
    outside: &Outside,
    service: TowerToHyperService<axum::Router>,
    stop: CancellationToken,
) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let sender = outside.sender(peer, request.headers());
        request.extensions_mut().insert(Peer(sender));
        outside.strip(&mut request);
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(FINISH, connection).await {
                Ok(ended) => ended,
                Err(_elapsed) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
