//! One replica: connection, projection, reconcilers and HTTP, started and stopped together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aegis_graphql::Principal;
use aegis_projections::beats::{self, Sight};
use aegis_projections::engine::Progress;
use aegis_projections::rollups::RollupProjector;
use aegis_projections::{Projector, Rollups, Store, kv};
use aegis_sdk::nats::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adapter::Adapter;
use crate::auth::Authenticator;
use crate::config::Config;
use crate::http::{self, App};
use crate::legacy::Legacy;
use crate::liveness::Liveness;
use crate::metrics::Metrics;
use crate::terms::Terms;

/// How often a replica looks whether its projection has caught up.
const CATCHING_UP: Duration = Duration::from_millis(50);

/// A running replica.
#[derive(Debug)]
pub(crate) struct Replica {
    address: SocketAddr,
    auth: Arc<Authenticator>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Replica {
    /// Starts everything; the replica answers from the moment this returns.
    pub(crate) async fn start(config: Config) -> anyhow::Result<Self> {
        // First of all, so that a taken port is said before anything has begun.
        let listener = listen(config.listen).await?;
        let address = listener.local_addr().context("the address is not known")?;
        let options = ConnectOptions {
            namespace: config.namespace()?,
            ..ConnectOptions::new(config.nats_url.clone(), "aegis control plane")
        };
        let connection = Connection::open(options).await?;
        provision(&connection).await?;
        std::fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("the data folder {} cannot be made", config.data_dir.display()))?;
        let store =
            Store::open(&config.data_dir.join("projection.sqlite"), config.projection.retention()?).await?;
        let rollups = Rollups::open(&config.data_dir.join("metrics.sqlite"), config.metrics.keep()?).await?;
        let figures = RollupProjector::restore(&connection, &rollups).await?;
        let (projector, live, changes) = Projector::restore(&connection, &store).await?;
        let (stop, tasks, sight) = (CancellationToken::new(), TaskTracker::new(), Sight::default());
        let journal = Journal::new(&connection);
        let legacy = Legacy::new(connection.clone(), journal.clone(), live.clone());
        let (wellness, unreadable) = (legacy.wellness(), legacy.unreadable());
        let liveness =
            Liveness::new(connection.clone(), journal.clone(), live.clone(), sight.clone(), wellness);
        let silence = liveness.silence();
        let projection = projector.handle();
        tasks.spawn(projector.run(stop.clone()));
        tasks.spawn(figures.run(stop.clone()));
        tasks.spawn(kv::project(connection.clone(), live.clone(), changes, stop.clone()));
        tasks.spawn(beats::follow(connection.clone(), live.clone(), sight.clone(), stop.clone()));
        let terms = Terms::new(connection.clone(), journal.clone(), live.clone());
        let (progress, until) = (store.progress().clone(), stop.clone());
        tasks.spawn(async move {
            if until.run_until_cancelled(caught_up(&progress)).await.is_some() {
                tokio::join!(
                    liveness.run(until.clone()),
                    legacy.run(until.clone()),
                    terms.run(until.clone())
                );
            }
        });
        let auth = Arc::new(Authenticator::new(&config.tokens));
        let adapter = Arc::new(Adapter {
            connection: connection.clone(),
            journal,
            live: live.clone(),
            sight: sight.clone(),
            projection,
            progress: [("registry", store.progress().clone()), ("metrics", rollups.progress().clone())],
        });
        let folded = rollups.progress().clone();
        let schema = aegis_graphql::build(
            store.clone(),
            rollups,
            adapter.clone(),
            adapter.clone(),
            adapter.clone(),
            adapter.clone(),
        );
        let metrics = Arc::new(Metrics::new(connection, store, folded, live, sight, silence, unreadable));
        let app = App { schema, auth: Arc::clone(&auth), adapter, metrics, stop: stop.clone() };
        tasks.spawn(http::serve(listener, app, stop.clone()));
        tasks.close();
        Ok(Self { address, auth, stop, tasks })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn login_code(&self, principal: Principal) -> String {
        self.auth.login_code(principal)
    }

    /// Stops everything and waits for it.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// Waits until the registry is known as the log had it at the start. While the projection is made anew it is
/// empty, and nothing is to be judged or completed by that.
async fn caught_up(progress: &Progress) {
    let head = progress.head();
    while progress.position() < head && progress.lag_events() > 0 {
        tokio::time::sleep(CATCHING_UP).await;
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("{address} cannot be listened on: if another program has the port, stop it or choose another; port 0 takes a free one")
    })
}
