//! A private NATS server with the streams of an installation, and projectors on it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aegis_domain::wire::{Encoded, Namespace, header};
use aegis_domain::{Recorded, Sequence};
use aegis_projections::engine::Handle;
use aegis_projections::{Live, Projector, Retention, State, Store, kv};
use aegis_sdk::nats::imported;
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection};
use aegis_testkit::NatsServer;
use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::stream::Config;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Installation {
    pub(crate) connection: Connection,
    folder: tempfile::TempDir,
    server: NatsServer,
}

/// A projector at work, with those who write KV entries and owed dead letters. Dropping it kills all wherever they are.
pub(crate) struct Running {
    pub(crate) store: Store,
    pub(crate) live: Live,
    pub(crate) handle: Handle,
    _tasks: JoinSet<()>,
}

impl Installation {
    pub(crate) async fn start() -> Self {
        let server = NatsServer::start().await;
        let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
        provision(&connection).await.unwrap();
        imported(&connection).await;
        Self { connection, folder: tempfile::tempdir().unwrap(), server }
    }

    /// One whose log does not refuse to lose messages.
    pub(crate) async fn unprotected() -> Self {
        let installation = Self::start().await;
        let (jetstream, name) =
            (installation.connection.jetstream(), installation.connection.namespace().events_stream());
        let config = jetstream.get_stream(&name).await.unwrap().cached_info().config.clone();
        jetstream.delete_stream(&name).await.unwrap();
        let config = Config { deny_delete: false, deny_purge: false, ..config };
        jetstream.create_stream(config).await.unwrap();
        imported(&installation.connection).await;
        installation
    }

    pub(crate) fn server(&self) -> &NatsServer {
        &self.server
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Where a database of this name is kept.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Publishes messages to the log as they are, recorded when they happened, and waits until it holds them.
    pub(crate) async fn publish(&self, messages: impl IntoIterator<Item = Encoded>) {
        let mut acks: Vec<PublishAckFuture> = Vec::new();
        for Encoded { subject, headers, body, .. } in messages {
            let mut map = HeaderMap::new();
            headers.iter().for_each(|(name, value)| map.insert(*name, value.as_str()));
            let time =
                headers.iter().find(|(name, _)| *name == header::ce::TIME).map(|(_, time)| time.as_str());
            // One that is as large as the server allows has no room for it.
            if body.len() < 1_000_000 {
                map.insert(header::RECORDED_AT, time.unwrap_or("1970-01-01T00:00:00Z"));
            }
            let sent = self.connection.jetstream().publish_with_headers(subject, map, body.into());
            acks.push(sent.await.unwrap());
            if acks.len() == 128 {
                for ack in acks.drain(..) {
                    ack.await.unwrap();
                }
            }
        }
        for ack in acks {
            ack.await.unwrap();
        }
    }

    /// Publishes events. In an empty log they get the sequences that they already have.
    pub(crate) async fn record(&self, events: &[Recorded]) {
        self.publish(events.iter().map(encode)).await;
    }

    /// Starts a projector on the database at this path.
    pub(crate) async fn project(&self, path: &Path) -> Running {
        self.project_with(path, Retention::default()).await
    }

    /// Starts one that keeps so much.
    pub(crate) async fn project_with(&self, path: &Path, retention: Retention) -> Running {
        project(&self.connection, path, retention).await
    }
}

/// Starts a projector over this connection.
pub(crate) async fn project(connection: &Connection, path: &Path, retention: Retention) -> Running {
    let store = Store::open(path, retention).await.unwrap();
    let (projector, live, changes) = Projector::restore(connection, &store).await.unwrap();
    let (handle, letters) = (projector.handle(), projector.owed_letters());
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        loop {
            ticks.tick().await;
            // What cannot be written is told, and tried again.
            let _settled = letters.settle().await;
        }
    });
    tasks.spawn(projector.run(stop.clone()));
    tasks.spawn(kv::project(connection.clone(), live.clone(), changes, stop));
    Running { store, live, handle, _tasks: tasks }
}

impl Running {
    /// Waits until the projection has come this far, and answers what it holds then.
    pub(crate) async fn reaches(&self, sequence: u64) -> State {
        let mut position = self.live.position();
        let reached = position.wait_for(|position| position.get() >= sequence);
        let reached = tokio::time::timeout(LIMIT, reached).await.map(|reached| *reached.unwrap());
        let here = self.live.read().state.position;
        assert!(reached.is_ok(), "waited {LIMIT:?} for the position {sequence}; it is {here}");
        self.live.read().state.clone()
    }

    pub(crate) fn position(&self) -> Sequence {
        self.live.read().state.position
    }
}

/// Marks the log as imported, so that its events were recorded when the test says.
pub(crate) async fn imported(connection: &Connection) {
    let log = connection.namespace().events_stream();
    imported::mark(connection, &log, u64::MAX).await.unwrap();
}

/// The message of an event.
pub(crate) fn encode(recorded: &Recorded) -> Encoded {
    recorded.envelope.encode(&Namespace::default()).unwrap()
}
