//! A projection together with its file.

use sqlx::{Connection as _, SqliteConnection};

use super::database::discard;
use super::{
    Checkpoint, Database, Entry, Gap, Mode, Projection, RestoreError, Step, StoreError, Stream, WriteError,
};

/// A projection, with how far it has come.
#[derive(Debug)]
pub struct Held<P> {
    pub(super) database: Database,
    /// The fold.
    pub projection: P,
    /// How far it has come.
    pub checkpoint: Checkpoint,
    /// What of the file did not fit the stream when it was restored, so that the file was made anew.
    pub lost: Option<String>,
}

/// What a run of entries has changed, not written yet.
#[derive(Debug)]
pub struct Folded<B> {
    /// What is to be written.
    pub batch: B,
    /// Up to where.
    pub checkpoint: Checkpoint,
    /// What was missing.
    pub gaps: Vec<Gap>,
    /// How many entries were applied.
    pub applied: usize,
    /// How many had been applied before.
    pub duplicates: usize,
}

impl<P: Projection> Held<P> {
    /// What the file holds of this stream, or nothing: with another stream, one that ends before the checkpoint or has
    /// another message at it, or a row that cannot be read, the file is made anew.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn restore(
        database: Database,
        options: &P::Options,
        stream: &Stream,
    ) -> Result<Self, StoreError> {
        let (checkpoint, lost) = database.checkpoint(stream).await?;
        let loaded = {
            let pool = database.pool().await;
            let mut tables = pool.acquire().await.map_err(|e| database.error(e))?;
            P::load(options, checkpoint, &mut tables).await
        };
        match loaded {
            Ok(projection) => Ok(Self { database, projection, checkpoint, lost }),
            Err(RestoreError::Row(error)) => {
                tracing::warn!(path = database.name(), %error, "a row cannot be read; rebuilding the database");
                database.reset(&stream.identity).await?;
                Ok(Self { database, projection: P::empty(options), checkpoint: Checkpoint::default(), lost })
            }
            Err(RestoreError::Database(source)) => Err(database.error(source)),
        }
    }

    /// Applies entries in memory.
    pub fn fold(&mut self, entries: Vec<Entry<P::Value>>) -> Folded<P::Batch> {
        fold(&mut self.projection, &mut self.checkpoint, entries)
    }

    /// Keeps everything that was folded since the last time, with the checkpoint: all of it, or nothing.
    ///
    /// # Errors
    /// See [`StoreError`]. It may be written again.
    pub async fn commit(&self, folded: &[Folded<P::Batch>]) -> Result<(), StoreError> {
        let pool = self.database.pool().await;
        let mut connection = pool.acquire().await.map_err(|e| self.database.error(e))?;
        let written = self.write(folded, &mut connection).await;
        if written.is_err() {
            discard(connection).await;
        }
        written.map_err(|e| self.database.write_error(e))
    }

    async fn write(
        &self,
        folded: &[Folded<P::Batch>],
        connection: &mut SqliteConnection,
    ) -> Result<(), WriteError> {
        let mut tx = connection.begin().await?;
        for Folded { batch, gaps, .. } in folded {
            self.projection.write(batch, Mode::Live, &mut tx).await?;
            self.checkpoint.write(gaps, &mut tx).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Applies entries, and says what was odd about them.
pub(super) fn fold<P: Projection>(
    projection: &mut P,
    checkpoint: &mut Checkpoint,
    entries: Vec<Entry<P::Value>>,
) -> Folded<P::Batch> {
    let batch = P::Batch::default();
    let mut folded = Folded { batch, checkpoint: *checkpoint, gaps: Vec::new(), applied: 0, duplicates: 0 };
    for mut entry in entries {
        match checkpoint.advance(entry.sequence, entry.recorded_at) {
            Step::Duplicate => {
                folded.duplicates += 1;
                continue;
            }
            Step::After(gap) if P::CONTIGUOUS => folded.gaps.push(gap),
            Step::After(_) | Step::Next => {}
        }
        entry.recorded_at = checkpoint.recorded_at;
        checkpoint.anchor = entry.anchor;
        folded.applied += 1;
        projection.apply(entry, &mut folded.batch);
    }
    projection.seal(&mut folded.batch);
    folded.checkpoint = *checkpoint;
    folded
}
