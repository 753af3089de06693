//! The HTTP side of a replica: one router, and what all its routes share.

mod error;
mod graphql;
mod headers;
mod health;
mod identity;
mod page;
mod session;
mod socket;

use std::sync::Arc;

use aegis_graphql::ApiSchema;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::adapter::Adapter;
use crate::auth::Authenticator;
use crate::metrics::Metrics;

/// The largest request body, in bytes.
const BODY_MAX: usize = 256 * 1024;

/// What the routes share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) schema: ApiSchema,
    pub(crate) auth: Arc<Authenticator>,
    pub(crate) adapter: Arc<Adapter>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) stop: CancellationToken,
}

/// Serves until stopped; requests under way are finished.
pub(crate) async fn serve(listener: TcpListener, app: App, stop: CancellationToken) {
    if let Err(error) =
        axum::serve(listener, router(app)).with_graceful_shutdown(stop.cancelled_owned()).await
    {
        tracing::error!(%error, "http ended");
    }
}

fn router(app: App) -> Router {
    Router::new()
        .route("/graphql", post(graphql::execute))
        .route("/graphql/ws", get(socket::upgrade))
        .route("/api/session", post(session::sign_in).delete(session::sign_out))
        .route("/login", get(session::redeem))
        .route("/metrics", get(health::metrics))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(page::serve)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(app.clone(), headers::dress))
        .with_state(app)
}
