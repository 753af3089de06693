//! The framework of all projections: a pure fold with a name and a version, and what keeps it in a file.
//!
//! A [`Projection`] folds entries of one stream and says what of it is written. Everything else is here, the
//! same for each: [`Source`](source) follows the stream and decodes it on a task of its own, [`Driver`] applies
//! batches, [`Database`] is the SQLite file, [`Mark`] is how far it has come, [`Progress`] is what can be
//! measured of it.
//!
//! # Invariants
//!
//! 1. *Batch and mark are one transaction.* So a process that is killed anywhere goes on where it stood.
//! 2. *The tables are a function of the stream alone*, not of how it was cut into batches, restarted or
//!    rebuilt. What is written periodically (snapshots, pruning) happens at positions that the stream
//!    determines.
//! 3. *Nothing is skipped in silence.* A sequence at or before the mark is a duplicate and changes nothing;
//!    one beyond the next is a gap, which is kept and counted, and stops nobody.
//! 4. *There is always one live file, and it is whole.* A rebuild writes another one beside it
//!    (`<file>.rebuild`), which nobody reads. It takes the live one's place by one rename, after it was synced,
//!    and only when it has come at least as far: the mark never goes back. Before the rename the old file's
//!    journal is folded into it and removed, so that it is never taken for the new one's. A crash leaves the
//!    old file or the new one; what is left of a rebuild is removed at the next start.
//! 5. *Readers never fail because of a rebuild.* They hold the pool shared while they read; the swap holds it
//!    alone for the moment of the rename, and they wait.
//! 6. *Memory is bounded.* Every queue between stream and file has a limit; whoever is ahead waits.

mod checkpoint;
mod database;
mod driver;
pub(crate) mod error;
mod file_check;
mod handle;
mod held;
pub(crate) mod mark;
mod progress;
mod rebuild;
pub(crate) mod source;

use std::fmt::Debug;

use aegis_domain::Sequence;
use aegis_sdk::nats::follow::{Follower, Message};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

pub use database::Database;
pub(crate) use database::remove;
pub use driver::{Driver, Stream};
pub use error::{RestoreError, StoreError, WriteError};
pub use file_check::FileCheck;
pub use handle::{Handle, RebuildError};
pub use held::{Folded, Held};
pub use mark::{Gap, Mark, Step};
pub use progress::{Figure, Progress};

/// One message of the stream, decoded.
#[derive(Debug)]
pub struct Entry<T> {
    /// Its position.
    pub sequence: Sequence,
    /// When the stream took it. Never before that of an earlier entry, once the driver has seen it.
    pub recorded_at: DateTime<Utc>,
    /// How many messages were still to come.
    pub pending: u64,
    /// What it says.
    pub value: T,
}

/// Where the entries come from.
pub trait Feed: Clone + Debug + Send + Sync + 'static {
    /// What a message says.
    type Value: Debug + Send + Sync + 'static;

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
    /// What [`Projection::finish`] writes may be left out: nobody reads the file yet.
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
        mark: Mark,
        tables: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Self, RestoreError>> + Send;

    /// Applies one entry. Total and deterministic.
    fn apply(&mut self, entry: Entry<Self::Value>, batch: &mut Self::Batch);

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
    fn folded(&mut self, _batch: &P::Batch, _mark: Mark) {}

    /// A batch was committed.
    fn committed(&mut self, projection: &P, batch: P::Batch, mark: Mark) -> impl Future<Output = ()> + Send;

    /// The whole projection was replaced by a rebuilt one.
    fn replaced(&mut self, projection: &P, mark: Mark) -> impl Future<Output = ()> + Send;
}
