//! The journal: the event store on JetStream.
//!
//! One subject per aggregate; every append names the last sequence that its writer has seen there, so
//! two writers never both succeed. Several events of one decision are one atomic batch.
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

mod append;
mod error;
mod load;
mod message;
mod store;

use aegis_domain::wire::Namespace;
use aegis_domain::wire::chain::Hash;
use aegis_domain::{Aggregate, AggregateId, AggregateVersion, Context, Event, EventId, Recorded, Sequence};
use uuid::Uuid;

use crate::Connection;
use crate::nats::follow::{Follower, From};

pub use error::{AppendError, ExecuteError, LoadError};
pub use message::decode;
pub use store::{ACTOR as ACTOR_METADATA, CqrsContext, CqrsStore};

/// How often a command is decided anew after a conflict.
const ATTEMPTS: usize = 8;

/// Where an aggregate stands: what the next event on its subject builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many events it has.
    pub version: AggregateVersion,
    /// The stream sequence of the last one; zero when it has none.
    pub sequence: Sequence,
    /// The hash of the last one.
    pub hash: Hash,
}

impl Head {
    /// Of an aggregate without events.
    pub const EMPTY: Self =
        Self { version: AggregateVersion::ZERO, sequence: Sequence::ZERO, hash: Hash::GENESIS };
}

/// An aggregate as the log has it.
#[derive(Debug, Clone)]
pub struct Loaded<A> {
    /// Its state.
    pub state: A,
    /// Where it stands.
    pub head: Head,
}

/// The event store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    connection: Connection,
}

impl Journal {
    /// The journal of this connection's namespace.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self { connection: connection.clone() }
    }

    /// Reads an aggregate: all its events, folded.
    ///
    /// The answer may be a little old (any replica of the stream may give it), so decide on it only
    /// together with an append that expects its head.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn load<A: Aggregate>(&self, id: &AggregateId) -> Result<Loaded<A>, LoadError> {
        let events = self.events(id).await?;
        let state = A::replay(events.iter().filter_map(|recorded| A::event(&recorded.envelope.event)));
        Ok(Loaded { state, head: head_of(&events) })
    }

    /// Loads, decides and appends; after a conflict it does so anew, eight times at most.
    ///
    /// # Errors
    /// See [`ExecuteError`]. Nothing was recorded unless it says that the outcome is unknown.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the events were recorded.
    pub async fn execute<A>(
        &self,
        id: &AggregateId,
        command: A::Command,
        context: &Context,
    ) -> Result<Vec<Recorded>, ExecuteError<A::Rejection>>
    where
        A: Aggregate,
        A::Command: Clone,
    {
        for _ in 0..ATTEMPTS {
            let loaded = self.load::<A>(id).await?;
            let events = loaded.state.decide(command.clone()).map_err(ExecuteError::Rejected)?;
            let events = events.into_iter().map(Into::into).collect();
            match self.append(id, loaded.head, events, context).await {
                Err(AppendError::Conflict) => tracing::debug!(aggregate = %id, "conflict; deciding anew"),
                Err(error) => return Err(error.into()),
                Ok(recorded) => return Ok(recorded),
            }
        }
        Err(ExecuteError::Contended { attempts: ATTEMPTS })
    }

    /// Follows the log from this sequence on, for ever.
    #[must_use]
    pub fn follow(&self, from: Sequence) -> Follower {
        Follower::start(&self.connection, self.namespace().events_stream(), From::Sequence(from.get()))
    }

    /// The sequence of the last event of the log; zero when there is none.
    ///
    /// # Errors
    /// When the stream does not answer.
    pub async fn last_sequence(&self) -> Result<Sequence, LoadError> {
        let stream = self.connection.jetstream().get_stream(self.namespace().events_stream()).await;
        let stream = stream.map_err(LoadError::unavailable)?;
        Ok(Sequence(stream.cached_info().state.last_sequence))
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        self.connection.namespace()
    }
}

pub(crate) fn head_of(events: &[Recorded]) -> Head {
    events.last().map_or(Head::EMPTY, |last| Head {
        version: last.envelope.version,
        sequence: last.sequence,
        hash: last.hash,
    })
}

/// Elections have ids of their own, so that whoever records one records the same event.
fn id_of(aggregate: &AggregateId, event: &Event) -> EventId {
    use aegis_domain::aggregate::leadership::LeadershipEvent::LeaderElected;
    match (aggregate, event) {
        (AggregateId::Leadership(service, group), Event::Leadership(LeaderElected { term, .. })) => {
            EventId::of_term(service, group, *term)
        }
        _ => EventId::from_uuid(Uuid::now_v7()),
    }
}
