//! The HTTP side of a replica: one router, and what all its routes share.

mod accept;
mod body;
mod bounded;
mod connection;
mod error;
mod graphql;
mod headers;
mod health;
mod identity;
mod outside;
mod page;
mod places;
mod problem;
mod request_id;
mod rest;
mod session;
mod sign_in_rate;
mod socket;
mod tls;
mod workers;

use std::sync::{Arc, OnceLock};

use aegis_graphql::ApiSchema;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use connection::serve;
pub(crate) use outside::Outside;
pub(crate) use page::is_there as has_page;
pub(crate) use places::Places;
pub(crate) use rest::openapi;
pub(crate) use sign_in_rate::SignInRate;
pub(crate) use socket::Limits;
pub(crate) use tls::{Renewal, Tls, TlsFiles};
pub(crate) use workers::Workers;

use crate::adapter::Adapter;
use crate::auth::Authenticator;
use crate::metrics::Metrics;
use crate::startup::Startup;

/// The largest request body, in bytes.
const BODY_MAX: usize = 256 * 1024;

/// What the routes share. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) auth: Arc<Authenticator>,
    pub(crate) startup: Startup,
    pub(crate) outside: Arc<Outside>,
    /// Absent when it serves plain HTTP.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) workers: Workers,
    pub(crate) limits: Limits,
    pub(crate) sign_ins: Arc<SignInRate>,
    /// Absent until the replica has started.
    pub(crate) core: Arc<OnceLock<Core>>,
    pub(crate) stop: CancellationToken,
    /// What a stop waits for.
    pub(crate) tasks: TaskTracker,
}

/// What answers once the replica has started. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Core {
    pub(crate) schema: ApiSchema,
    pub(crate) adapter: Arc<Adapter>,
    pub(crate) metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}

fn router(app: App) -> Router {
    let rest = rest::router(&app);
    Router::new()
        .route("/graphql", post(graphql::execute))
        .route("/graphql/ws", get(socket::upgrade))
        .route("/api/session", post(session::sign_in).delete(session::sign_out).fallback(rest::wrong_method))
        .route("/login", get(session::redeem))
        .route("/metrics", get(health::metrics))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .method_not_allowed_fallback(error::wrong_method)
        .merge(rest)
        .fallback(page::serve)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn(body::bound))
        .layer(from_fn_with_state(app.clone(), outside::check))
        .layer(from_fn_with_state(app.clone(), headers::set_security_headers))
        .with_state(app)
}
