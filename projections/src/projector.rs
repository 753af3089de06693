//! The registry's projector: the driver of its projection, with what is told of each batch.

use aegis_domain::{AggregateId, Sequence};
use aegis_sdk::Connection;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::{Driver, Handle, Mark, Outlet, StoreError, Stream};
use crate::registry::{Batch, Log, Registry};
use crate::store::Recent;
use crate::{Live, Store, kv};

/// The projector could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stream does not answer.
    #[error("the stream does not answer")]
    Log(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Reads the log into the store and into memory.
#[derive(Debug)]
pub struct Projector {
    driver: Driver<Registry, Log, Readers>,
}

/// Who is told of what was committed: memory, and the KV entries.
#[derive(Debug)]
struct Readers {
    live: Live,
    recent: Recent,
    kv: mpsc::Sender<AggregateId>,
}

impl Projector {
    /// Restores what the store holds of this log. Run it with [`Projector::run`], and beside it
    /// [`kv::project`] with the receiver that comes back. A store that holds nothing of the log is filled by a
    /// rebuild; until that has come to the end of the log, readers find nothing, and [`Store::progress`] says
    /// how far it is.
    ///
    /// # Errors
    /// See [`ProjectorError`].
    pub async fn restore(
        connection: &Connection,
        store: &Store,
    ) -> Result<(Self, Live, mpsc::Receiver<AggregateId>), ProjectorError> {
        let stream = events_stream(connection).await?;
        let feed = Log { connection: connection.clone(), filters: vec![], puts_aside: true };
        let (sender, changes) = mpsc::channel(kv::QUEUE);
        let mut live = None;
        let outlet = |registry: &Registry, mark: Mark| {
            store.recent.begin(mark.position);
            let live = live.insert(Live::new(registry.state.clone())).clone();
            Readers { live, recent: store.recent.clone(), kv: sender }
        };
        let (database, progress) = (store.database.clone(), store.progress.clone());
        let driver = Driver::restore(database, progress, feed, store.retention, stream, outlet).await?;
        // The driver has shown the registry exactly once.
        let live = live.unwrap_or_else(|| Live::new(crate::State::default()));
        Ok((Self { driver }, live, changes))
    }

    /// How to ask for a rebuild while it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.driver.handle()
    }

    /// Follows the log until stopped.
    pub async fn run(self, stop: CancellationToken) {
        self.driver.run(stop).await;
    }
}

impl Outlet<Registry> for Readers {
    fn folded(&mut self, batch: &Batch, mark: Mark) {
        let views = batch.events.iter().map(|line| (line.view(), line.event.data.len())).collect();
        self.recent.extend(views, mark.position);
    }

    async fn committed(&mut self, _registry: &Registry, batch: Batch, mark: Mark) {
        let touched: Vec<_> = batch.touched().cloned().collect();
        let events: Vec<_> = batch.events.into_iter().map(|line| (line.sequence, line.event)).collect();
        self.live.advance(&events, mark.position);
        self.owe(touched).await;
    }

    async fn replaced(&mut self, registry: &Registry, mark: Mark) {
        self.recent.begin(mark.position);
        self.live.replace(registry.state.clone());
        self.owe(registry.state.aggregates()).await;
    }
}

impl Readers {
    async fn owe(&self, ids: impl IntoIterator<Item = AggregateId>) {
        for id in ids {
            if !matches!(id, AggregateId::Instance(..)) {
                // The receiver ends only with the process.
                let _ended = self.kv.send(id).await;
            }
        }
    }
}

/// The events stream as it stands.
pub(crate) async fn events_stream(connection: &Connection) -> Result<Stream, ProjectorError> {
    stream(connection, &connection.namespace().events_stream()).await
}

/// A stream as it stands.
pub(crate) async fn stream(connection: &Connection, name: &str) -> Result<Stream, ProjectorError> {
    let stream = connection.jetstream().get_stream(name).await.map_err(|e| ProjectorError::Log(e.into()))?;
    let info = stream.cached_info();
    Ok(Stream {
        // A stream that was removed and made again is another log, although it has the same name.
        identity: format!("{name} created {}", info.created),
        last: Sequence(info.state.last_sequence),
        is_empty: info.state.messages == 0,
    })
}
