//! The registry's projector: the driver of its projection, with what is told of each batch.

use aegis_domain::{AggregateId, Sequence};
use aegis_nats::Connection;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::{
    Checkpoint, Database, Driver, Feed, Handle, History, Outlet, ProblemCode, Progress, StoreError, Stream,
};
use crate::kv::{self, KvWrite};
use crate::registry::UnwrittenLetters;
use crate::registry::reread::reread;
use crate::registry::{Batch, Log, Registry};
use crate::store::Recent;
use crate::{Live, Store};

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
    connection: Connection,
    database: Database,
    progress: Progress,
    driver: Driver<Registry, Log, Readers>,
}

/// Who is told of what was committed: memory, and the KV entries.
#[derive(Debug)]
struct Readers {
    progress: Progress,
    live: Live,
    recent: Recent,
    kv: mpsc::Sender<KvWrite>,
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
    ) -> Result<(Self, Live, mpsc::Receiver<KvWrite>), ProjectorError> {
        let feed = Log { connection: connection.clone(), filters: vec![], puts_aside: true };
        let stream = stream(&feed, &store.database).await?;
        let (sender, changes) = mpsc::channel(kv::QUEUE);
        let mut live = None;
        let outlet = |registry: &Registry, checkpoint: Checkpoint| {
            store.recent.begin(checkpoint.position);
            let live = live.insert(Live::new(registry.state.clone())).clone();
            let progress = store.progress.clone();
            let readers = Readers { progress, live, recent: store.recent.clone(), kv: sender };
            readers.tell_of_parts(registry);
            readers
        };
        let (database, progress) = (store.database.clone(), store.progress.clone());
        let driver =
            Driver::restore(database, progress.clone(), feed, store.retention, stream, outlet).await?;
        // The driver has shown the registry exactly once.
        let live = live.unwrap_or_else(|| Live::new(crate::State::default()));
        let (connection, database) = (connection.clone(), store.database.clone());
        Ok((Self { connection, database, progress, driver }, live, changes))
    }

    /// How to ask for a rebuild while it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.driver.handle()
    }

    /// The dead letters that it could not write: somebody has to settle them while it runs.
    #[must_use]
    pub fn owed_letters(&self) -> UnwrittenLetters {
        UnwrittenLetters::new(self.connection.clone(), self.database.clone(), self.progress.clone())
    }

    /// Follows the log until stopped.
    pub async fn run(self, stop: CancellationToken) {
        let handle = self.driver.handle();
        let reread = stop.run_until_cancelled(reread(&self.connection, &self.database, &handle));
        // Both end with the stop.
        let _ended = tokio::join!(Box::pin(self.driver.run(stop.clone())), reread);
    }
}

impl Outlet<Registry> for Readers {
    fn folded(&mut self, batch: &Batch, checkpoint: Checkpoint) {
        let views = batch.events.iter().map(|line| (line.view(), line.event.data.len())).collect();
        self.recent.extend(views, checkpoint.position);
    }

    async fn committed(&mut self, registry: &Registry, batch: &Batch, checkpoint: Checkpoint) {
        if batch.partly.is_some() {
            self.tell_of_parts(registry);
        }
        self.live.advance(&batch.events, checkpoint);
        self.owe(batch.touched().cloned()).await;
    }

    fn history_replaced(&mut self) {
        self.recent.history_replaced();
    }

    async fn replaced(&mut self, registry: &Registry, checkpoint: Checkpoint) {
        self.tell_of_parts(registry);
        self.recent.begin(checkpoint.position);
        self.live.replace(registry.state.clone());
        // The receiver ends only with the process.
        let _ended = self.kv.send(KvWrite::All).await;
    }
}

impl Readers {
    /// Newer versions have written what this one does not know, or it has been read again and whole.
    fn tell_of_parts(&self, registry: &Registry) {
        match registry.partly() {
            Some(partly) => self.progress.met(ProblemCode::PartlyRead, partly.message.clone()),
            None => self.progress.solved(ProblemCode::PartlyRead),
        };
    }

    async fn owe(&self, ids: impl IntoIterator<Item = AggregateId>) {
        for id in ids {
            if !matches!(id, AggregateId::Instance(..)) {
                // The receiver ends only with the process.
                let _ended = self.kv.send(KvWrite::Entry(id)).await;
            }
        }
    }
}

/// The events stream as it stands.
pub(crate) async fn events_stream(connection: &Connection) -> Result<Stream, ProjectorError> {
    let history = History::of(connection, connection.namespace().events_stream());
    history.stream(Sequence::ZERO).await.map_err(ProjectorError::Log)
}

/// The stream of a feed as it stands, with the message at the position of this file.
pub(crate) async fn stream<F: Feed>(feed: &F, database: &Database) -> Result<Stream, ProjectorError> {
    let position = database.position().await?;
    feed.history().stream(position).await.map_err(ProjectorError::Log)
}
