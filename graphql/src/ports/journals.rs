//! The port to journals of users. What stands there is of others, and no schema of it is known.

use aegis_domain::Sequence;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::Refused;

/// A journal of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalFacts {
    /// Its name, that of its schema.
    pub name: String,
    /// The stream that holds it.
    pub stream: String,
    /// Messages in it.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The sequence of the last one.
    pub last: Sequence,
    /// When the first one was stored; none while there is none.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last one was stored; none while there was none.
    pub last_at: Option<DateTime<Utc>>,
    /// Subjects with messages.
    pub aggregates: u64,
}

/// A message of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalMessage {
    /// Its position.
    pub sequence: Sequence,
    /// Its subject.
    pub subject: String,
    /// When it was stored.
    pub recorded_at: Option<DateTime<Utc>>,
    /// The event that it is, or why it cannot be read as one.
    pub event: Result<JournalHeading, String>,
    /// How many bytes its body has.
    pub size: u64,
    /// Its body; none of one that is no JSON, or longer than what is told.
    pub data: Option<serde_json::Value>,
}

/// What the headers of an event say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalHeading {
    /// The CloudEvents id.
    pub id: String,
    /// The CloudEvents type.
    pub event_type: String,
    /// Its aggregate.
    pub aggregate: String,
    /// The version that it made.
    pub version: u64,
    /// When it happened, by the clock of whoever recorded it.
    pub time: DateTime<Utc>,
    /// Who recorded it.
    pub actor: String,
    /// The request that it belongs to.
    pub correlation: Option<String>,
    /// What caused it.
    pub causation: Option<String>,
}

/// A page of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPage {
    /// In order of sequence.
    pub messages: Vec<JournalMessage>,
    /// Whether there are more.
    pub more: bool,
    /// The last message of the journal.
    pub last: Sequence,
}

/// Journals of users.
pub trait Journals: Send + Sync {
    /// All of them, in order of name; 2,000 at most.
    fn journals(&self) -> BoxFuture<'_, Result<Vec<JournalFacts>, Refused>>;
    /// Messages after a position, of one aggregate or of all: so many at most, and fewer when they are large. `NOT_FOUND` when there is
    /// no such journal.
    fn journal_events(
        &self,
        journal: String,
        aggregate: Option<String>,
        after: Sequence,
        count: u32,
    ) -> BoxFuture<'_, Result<JournalPage, Refused>>;
}
