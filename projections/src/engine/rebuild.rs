//! A projection made anew beside the live one.

use aegis_domain::Sequence;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::oneshot;

use super::held::fold;
use super::source::{Source, Sourced};
use super::{Checkpoint, Database, Entry, Feed, Mode, Progress, Projection, StoreError};

/// What a rebuild needs.
#[derive(Debug)]
pub(super) struct Rebuild<P: Projection, F> {
    pub(super) database: Database,
    pub(super) feed: F,
    pub(super) options: P::Options,
    pub(super) log: String,
    /// The end of the stream when it began.
    pub(super) head: Sequence,
    pub(super) progress: Progress,
}

/// What has come of it: a file beside the live one, whole, and the projection in it.
#[derive(Debug)]
pub(super) struct Rebuilt<P> {
    pub(super) projection: P,
    pub(super) checkpoint: Checkpoint,
}

/// Asks the live projection to stand still, and to say where.
pub(super) type Halt = oneshot::Sender<oneshot::Sender<Sequence>>;

/// The file under construction.
struct UnfinishedFile<P: Projection> {
    database: Database,
    tables: SqliteConnection,
    projection: P,
    checkpoint: Checkpoint,
    progress: Progress,
}

impl<P: Projection, F: Feed<Value = P::Value>> Rebuild<P, F> {
    /// Reads the whole log, makes the indexes, reads what came meanwhile, and then lets the live projection
    /// stand still until it has passed it.
    pub(super) async fn run(self, halt: Halt) -> Result<Rebuilt<P>, StoreError> {
        let Self { database, feed, options, log, head, progress } = self;
        let tables = database.begin_rebuild(&log).await?;
        let projection = P::empty(&options);
        let mut site =
            UnfinishedFile { database, tables, projection, checkpoint: Checkpoint::default(), progress };
        let mut source = Source::start(&feed, Sequence(1));
        if head > Sequence::ZERO {
            site.read_to(head, false, &mut source).await?;
        }
        site.database.index(&mut site.tables).await?;
        let (sender, position) = oneshot::channel();
        // Without an answer nobody wants the rebuild any more, and its task is ended.
        let live = match halt.send(sender) {
            Ok(()) => position.await.unwrap_or_default(),
            Err(_ended) => Sequence::ZERO,
        };
        if live > site.checkpoint.position {
            site.read_to(live, true, &mut source).await?;
        }
        site.finish().await
    }
}

impl<P: Projection> UnfinishedFile<P> {
    /// Reads until it has come so far. Unless it must, the end of what there is will do: what stood at `end`
    /// may have been deleted. A message only knows what was to come when it was sent, not what came since.
    async fn read_to(
        &mut self,
        end: Sequence,
        must: bool,
        source: &mut Source<P::Value>,
    ) -> Result<(), StoreError> {
        loop {
            match source.next().await {
                Sourced::Entries(entries) => {
                    let pending = entries.last().map_or(0, |entry| entry.pending);
                    self.apply(entries).await?;
                    if self.checkpoint.position >= end || (pending == 0 && !must) {
                        return Ok(());
                    }
                }
                Sourced::Idle => return Ok(()),
                Sourced::Blind | Sourced::Resumed => {}
            }
        }
    }

    async fn apply(&mut self, entries: Vec<Entry<P::Value>>) -> Result<(), StoreError> {
        let folded = fold(&mut self.projection, &mut self.checkpoint, entries);
        let database = self.database.clone();
        let mut tx = self.tables.begin().await.map_err(|e| database.error(e))?;
        self.projection
            .write(&folded.batch, Mode::Bulk, &mut tx)
            .await
            .map_err(|e| database.write_error(e))?;
        self.checkpoint.write(&folded.gaps, &mut tx).await.map_err(|e| database.error(e))?;
        tx.commit().await.map_err(|e| database.error(e))?;
        self.progress.rebuild_at(self.checkpoint.position);
        Ok(())
    }

    async fn finish(mut self) -> Result<Rebuilt<P>, StoreError> {
        let database = self.database;
        let mut tx = self.tables.begin().await.map_err(|e| database.error(e))?;
        self.projection.finish(&mut tx).await.map_err(|e| database.write_error(e))?;
        tx.commit().await.map_err(|e| database.error(e))?;
        database.finish_rebuild(self.tables).await?;
        Ok(Rebuilt { projection: self.projection, checkpoint: self.checkpoint })
    }
}
