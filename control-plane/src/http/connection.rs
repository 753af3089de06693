//! Taking connections: how long a client may take for what it sends, and how all of them end at a stop.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{App, router};

/// From the first byte that is waited for to the end of a request's headers; so long an idle connection stays open, too.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long requests under way have at a stop.
const FINISH: Duration = Duration::from_secs(3);
/// How many connections there may be at a time; more wait to be taken.
const CONNECTIONS: usize = 4_096;
/// How long to wait when the system has no more sockets.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until stopped; requests under way have [`FINISH`] to end.
pub(crate) async fn serve(listener: TcpListener, app: App) {
    let (stop, tasks) = (app.stop.clone(), app.tasks.clone());
    let service = TowerToHyperService::new(router(app));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let accept = async {
        loop {
            // Never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let stream = match listener.accept().await {
                Ok((stream, _peer)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be taken");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let (service, stop) = (service.clone(), stop.clone());
            tasks.spawn(async move {
                converse(stream, service, stop).await;
                drop(place);
            });
        }
    };
    let _stopped = stop.run_until_cancelled(accept).await;
}

async fn converse(stream: TcpStream, service: TowerToHyperService<axum::Router>, stop: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
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
