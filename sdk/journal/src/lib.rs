//! The journal: the event store on JetStream.
//!
//! One subject per aggregate; every append names the last sequence that its writer has seen there, so
//! two writers never both succeed. Several events of one decision are one atomic batch. Each event carries the
//! hash of the one before it on its subject.
//!
//! ```no_run
//! # async fn example(connection: aegis_sdk::Connection) -> Result<(), Box<dyn std::error::Error>> {
//! use aegis_domain::aggregate::{Definition, definition};
//! use aegis_domain::{Actor, AggregateId, AggregateVersion, Context, ServiceName};
//! use aegis_sdk::Journal;
//!
//! let journal = Journal::new(&connection);
//! let id = AggregateId::Definition(ServiceName::new("echo")?);
//! let command = definition::Command::Retire { expected: AggregateVersion(3), reason: "replaced".into() };
//! let context = Context::new(Actor::user("alice"), chrono::Utc::now());
//! let recorded = journal.execute::<Definition>(&id, command, &context).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Aggregates of your own get a journal of their own: declare a [`Schema`], and see [`Journal::of`].

mod admitted;
mod append;
pub mod cqrs;
mod error;
mod fingerprint;
pub mod foreign;
mod load;
mod message;
mod snapshot;
mod subscription;

use std::marker::PhantomData;

use aegis_domain::wire::Namespace;
use aegis_domain::wire::chain::Hash;
use aegis_domain::{Aggregate, AggregateVersion, Context, Recorded, Registry, Schema, Sequence};

use admitted::Admitted;
use aegis_nats::Connection;
use aegis_nats::follow::{Follower, From};
use aegis_nats::provision::{ProvisionError, ensure_bucket, ensure_stream};
use aegis_nats::restore::MakeStream;
use async_nats::jetstream::stream::Config;

pub use admitted::KEYS_MAX;
pub use append::BATCH_MAX;
pub use error::{AppendError, ExecuteError, LoadError, Refusal};
pub use message::{counted, decode, decode_heading, decode_metadata, hash, record_hash};
pub use subscription::{Entry, Item, Selection, Start, Subscription};

/// How often a command is decided anew after a conflict.
const ATTEMPTS: usize = 8;

/// Where an aggregate stands: what the next event on its subject builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The version that the last event made.
    pub version: AggregateVersion,
    /// The stream sequence of the last message on the subject; zero when it has none.
    pub sequence: Sequence,
    /// The hash of the last event.
    pub hash: Hash,
}

impl Head {
    /// Of an aggregate without events.
    pub const EMPTY: Self =
        Self { version: AggregateVersion::ZERO, sequence: Sequence::ZERO, hash: Hash::GENESIS };

    /// After this event.
    #[must_use]
    pub fn after<S: Schema>(recorded: &Recorded<S>) -> Self {
        Self { version: recorded.envelope.version, sequence: recorded.sequence, hash: recorded.hash }
    }
}

/// An aggregate as the log has it.
#[derive(Debug, Clone)]
pub struct Loaded<A> {
    /// Its state.
    pub state: A,
    /// Where it stands.
    pub head: Head,
    admitted: Admitted,
}

/// What came of a command.
#[derive(Debug, Clone)]
pub struct Executed<A: Aggregate> {
    /// The state after it: of the aggregate as it is now, where the command had been carried out before.
    pub state: A,
    /// Where the aggregate stands.
    pub head: Head,
    /// What was recorded of it, now or before.
    pub recorded: Vec<Recorded<A::Schema>>,
    /// Whether the command had been carried out before, under the same key.
    pub repeated: bool,
}

/// The event store of one schema. Cheap to clone.
///
/// # Examples
/// ```
/// use aegis_sdk::Journal;
/// use aegis_sdk::domain::{Actor, Aggregate, Context, Schema};
///
/// async fn book<S: Schema, A: Aggregate<Schema = S>>(journal: &Journal<S>, id: &S::Id, command: A::Command)
/// where
///     A::Command: Clone,
/// {
///     let context = Context::new(Actor::user("alice"), chrono::Utc::now());
///     match journal.execute::<A>(id, command, &context).await {
///         Ok(done) => println!("{} events, {:?}", done.recorded.len(), done.state),
///         Err(error) => println!("{}: {error}", error.code()),
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Journal<S: Schema = Registry> {
    connection: Connection,
    schema: PhantomData<S>,
}

impl Journal {
    /// The control plane's own journal, in this connection's namespace.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self::of(connection)
    }
}

impl<S: Schema> Journal<S> {
    /// The journal of a schema, in this connection's namespace. One of your own has to be made once, by
    /// [`Journal::provision`].
    #[must_use]
    pub fn of(connection: &Connection) -> Self {
        Self { connection: connection.clone(), schema: PhantomData }
    }

    /// Makes the stream of this journal when there is none, and checks it when there is: what is recorded is
    /// never deleted. Idempotent; any number of processes may do it at once.
    ///
    /// # Errors
    /// See [`ProvisionError`].
    pub async fn provision(&self) -> Result<(), ProvisionError> {
        let name = S::stream(self.namespace());
        ensure_stream(&self.connection, stream(name, self.namespace().all_of::<S>())).await?;
        ensure_bucket(&self.connection, self.namespace().snapshots_bucket()).await
    }

    /// Loads, decides and appends; after a conflict it does so anew, eight times at most. Answers the state after it, which need
    /// not be loaded again.
    ///
    /// - Of a context with a [term](Context::with_term): once the aggregate has an event of a higher term of that group, a command
    ///   of this one is refused.
    /// - Of a context with a [key](Context::with_key): a command under a key that the aggregate knows is not decided again, and what was
    ///   recorded of the first is answered. Known are the keys of the last [`KEYS_MAX`] commands with a key that
    ///   recorded anything. A command that recorded nothing is decided anew.
    ///
    /// # Errors
    /// See [`ExecuteError`]. Nothing was recorded unless it says that the outcome is unknown.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the events were recorded.
    pub async fn execute<A>(
        &self,
        id: &S::Id,
        command: A::Command,
        context: &Context,
    ) -> Result<Executed<A>, ExecuteError<A::Rejection>>
    where
        A: Aggregate<Schema = S>,
        A::Command: Clone,
    {
        for _ in 0..ATTEMPTS {
            // On the heap: the futures of callers would hold it, though it is needed for a moment.
            let loaded = Box::pin(self.load::<A>(id)).await?;
            let known = context.idempotency_key.as_ref().and_then(|key| loaded.admitted.find(key));
            if let Some(known) = known {
                let recorded = self.recorded(id, known).await?;
                return Ok(Executed { state: loaded.state, head: loaded.head, recorded, repeated: true });
            }
            loaded.admitted.check(context)?;
            let events = loaded.state.decide(command.clone()).map_err(ExecuteError::rejected::<A>)?;
            let events = events.into_iter().map(Into::into).collect();
            match self.append(id, loaded.head, events, context).await {
                Err(AppendError::Conflict) => tracing::debug!(aggregate = %id, "conflict; deciding anew"),
                Err(error) => return Err(error.into()),
                Ok(recorded) => return Ok(executed(loaded, recorded)),
            }
        }
        Err(AppendError::Conflict.into())
    }

    /// Follows the stream's messages from this sequence on, for ever: for readers that account for every message,
    /// also of those that are no events. Others [subscribe](Journal::subscribe).
    #[must_use]
    pub fn follow(&self, from: Sequence) -> Follower {
        Follower::start(&self.connection, S::stream(self.namespace()), From::Sequence(from.get()))
    }

    /// The sequence of the last message of the log; zero when there is none.
    ///
    /// # Errors
    /// When the stream does not answer.
    pub async fn last_sequence(&self) -> Result<Sequence, LoadError> {
        let stream = self.connection.jetstream().get_stream(S::stream(self.namespace())).await;
        let stream = stream.map_err(LoadError::unavailable)?;
        Ok(Sequence(stream.cached_info().state.last_sequence))
    }

    /// Somebody has removed the stream: makes it again.
    fn restore(&self) {
        self.connection.restore_stream(&S::stream(self.namespace()), &Self::making());
    }

    /// As [`Connection::restore_if_gone`], for the stream of this subject.
    fn restore_if_gone(&self, subject: String) {
        self.connection.restore_if_gone(&S::stream(self.namespace()), subject, Self::making());
    }

    /// How the stream of this journal is made on a connection.
    #[must_use]
    pub fn making() -> MakeStream {
        MakeStream::by(|connection| {
            let journal = Self::of(&connection);
            Box::pin(async move { Ok(journal.provision().await?) })
        })
    }

    pub fn namespace(&self) -> &Namespace {
        self.connection.namespace()
    }
}

fn executed<A: Aggregate>(loaded: Loaded<A>, recorded: Vec<Recorded<A::Schema>>) -> Executed<A> {
    let Loaded { mut state, head, .. } = loaded;
    for event in recorded.iter().filter_map(|recorded| A::event(&recorded.envelope.event)) {
        state.evolve(event);
    }
    let head = recorded.last().map_or(head, Head::after);
    Executed { state, head, recorded, repeated: false }
}

/// A stream of events: nothing is ever taken from it.
fn stream(name: String, subjects: String) -> Config {
    Config {
        name,
        description: Some("Aegis domain events: the record".to_owned()),
        subjects: vec![subjects],
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
        allow_atomic_publish: true,
        ..Config::default()
    }
}
