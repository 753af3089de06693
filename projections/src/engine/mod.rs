//! The framework of all projections: a pure fold with a name and a version, and what keeps it in a file.
//!
//! A [`Projection`] folds entries of one stream and says what of it is written. Everything else is here, the
//! same for each: [`Source`](source) follows the stream and decodes it on a task of its own, [`Driver`] applies
//! batches, [`Database`] is the SQLite file, [`Checkpoint`] is how far it has come, [`Progress`] is what can be
//! measured of it.
//!
//! # Invariants
//!
//! 1. *Batch and checkpoint are one transaction.* So a process that is killed anywhere goes on where it stood.
//! 2. *The tables are a function of the stream alone*, not of how it was cut into batches, restarted or
//!    rebuilt. What is written periodically (snapshots, pruning) happens at positions that the stream
//!    determines.
//! 3. *Nothing is skipped in silence.* A sequence at or before the checkpoint is a duplicate and changes nothing;
//!    one beyond the next is a gap, which is kept and counted, and stops nobody.
//! 4. *There is always one live file, and it is whole.* A rebuild writes another one beside it
//!    (`<file>.rebuild`), which nobody reads. It takes the live one's place by one rename, after it was synced,
//!    and only when it has come at least as far: the checkpoint never goes back. Before the rename the old file's
//!    journal is folded into it and removed, so that it is never taken for the new one's. A crash leaves the
//!    old file or the new one; what is left of a rebuild is removed at the next start.
//! 5. *Readers never fail because of a rebuild.* They hold the pool shared while they read; the swap holds it
//!    alone for the moment of the rename, and they wait.
//! 6. *A position belongs to a history.* The checkpoint has the stream's time of creation and the hash of the message at it.
//!    [`History`] holds both to the stream at the start, whenever a consumer was made anew before anything of it is
//!    applied, and every few seconds; with another history the projection is made anew from what is there.
//! 7. *What cannot be written is kept.* Batches wait in memory, in order, and are written in one transaction with the
//!    last checkpoint; readers of memory go on meanwhile, within a bound. A connection that failed is closed, never reused.
//! 8. *Memory is bounded.* Every queue between stream and file has a limit; whoever is ahead waits.

pub(crate) mod checkpoint;
mod database;
mod driver;
pub(crate) mod error;
mod file_check;
mod handle;
mod held;
mod history;
mod problem;
mod progress;
mod rebuild;
mod running;
pub(crate) mod source;
mod stream;
mod unwritten;
mod wal;

use std::fmt::Debug;

use aegis_domain::Sequence;
use aegis_domain::wire::chain::Hash;
use aegis_nats::follow::{Follower, Message};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

pub use checkpoint::{Checkpoint, Gap, Step};
pub use database::Database;
pub(crate) use database::remove;
pub use driver::Driver;
pub use error::{RestoreError, StoreError, WriteError};
pub use file_check::FileCheck;
pub use handle::{Handle, RebuildError};
pub use held::{Folded, Held};
pub(crate) use history::History;
pub use problem::{Problem, ProblemCode};
pub use progress::{Metric, Progress};
pub use stream::Stream;

/// One message of the stream, decoded.
#[derive(Debug)]
pub struct Entry<T> {
    /// Its position.
    pub sequence: Sequence,
    /// When the stream took it. Never before that of an earlier entry, once the driver has seen it.
    pub recorded_at: DateTime<Utc>,
    /// How many messages were still to come.
    pub pending: u64,
    /// The hash of the message, which only the last one of a batch needs.
    pub anchor: Option<Hash>,
    /// What it says.
    pub value: T,
}

/// Where the entries come from.
pub trait Feed: Clone + Debug + Send + Sync + 'static {
    /// What a message says.
    type Value: Debug + Send + Sync + 'static;

    /// Where the stream is.
    fn history(&self) -> History;

    /// Follows the stream from there on.
    fn follow(&self, from: Sequence) -> Follower;

    /// Reads a message; it may wait, for example to put aside what cannot be read.
    fn decode(&self, message: Message) -> impl Future<Output = Self::Value> + Send;
}

/// How a batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything of it: readers look at the file.
    Live,
    /// What [`Projection::finish`] writes may be left out: the file has no readers yet.
    Bulk,
}

/// A pure fold of a stream, and its form in tables.
pub trait Projection: Debug + Send + Sync + Sized + 'static {
    /// What it is called, in logs and metrics.
    const NAME: &'static str;
    /// Raise it with every change of the fold or of the tables: a file of another version is rebuilt.
    const VERSION: i64;
    /// Statements that make the tables.
    const TABLES: &'static [&'static str];
    /// Statements that make what only serves readers. A rebuild runs them last.
    const INDEXES: &'static [&'static str];
    /// Whether a missing sequence is a gap. Not so in a stream that forgets by age.
    const CONTIGUOUS: bool;

    /// What the fold is told beside the entries.
    type Options: Clone + Debug + Send + Sync + 'static;
    /// What an entry holds.
    type Value: Debug + Send + Sync + 'static;
    /// What a run of entries has changed.
    type Batch: Default + Debug + Send + Sync + 'static;

    /// Nothing applied.
    fn empty(options: &Self::Options) -> Self;

    /// What the tables hold.
    fn load(
        options: &Self::Options,
        checkpoint: Checkpoint,
        tables: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Self, RestoreError>> + Send;

    /// Applies one entry. Total and deterministic.
    fn apply(&mut self, entry: Entry<Self::Value>, batch: &mut Self::Batch);

    /// All entries of a batch are applied: whatever of it depends on the projection as it stands now goes into the
    /// batch. It may be written later, when the projection has gone on.
    fn seal(&self, _batch: &mut Self::Batch) {}

    /// Writes what a batch has changed; the caller ends the transaction. May be called again with the same
    /// batch after a failure.
    fn write(
        &self,
        batch: &Self::Batch,
        mode: Mode,
        tables: &mut SqliteConnection,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;

    /// Writes what [`Mode::Bulk`] has left out.
    fn finish(&self, tables: &mut SqliteConnection) -> impl Future<Output = Result<(), WriteError>> + Send;
}

/// Who is told of what was folded and committed.
pub trait Outlet<P: Projection>: Debug + Send + 'static {
    /// A batch was folded, and is about to be committed. For those who show what the log says: the log has it, and
    /// whatever becomes of the file, it will be folded again to the same.
    fn folded(&mut self, _batch: &P::Batch, _checkpoint: Checkpoint) {}

    /// A batch was committed, or cannot be for now: then readers go on from memory.
    fn committed(
        &mut self,
        projection: &P,
        batch: &P::Batch,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = ()> + Send;

    /// The stream has another history than the one that was applied. What was told of it stands until the projection
    /// is [replaced](Self::replaced).
    fn history_replaced(&mut self) {}

    /// The whole projection was replaced by a rebuilt one.
    fn replaced(&mut self, projection: &P, checkpoint: Checkpoint) -> impl Future<Output = ()> + Send;
}
